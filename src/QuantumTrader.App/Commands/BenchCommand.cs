using System.CommandLine;
using QuantumTrader.App.Benchmarks;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt bench</c>: measures, and prints each figure with its limit.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "engine or replay." };
        name.AcceptOnlyFromAmong("engine", "replay");
        var json = new Option<bool>("--json") { Description = "Print the figures as JSON." };
        var quick = new Option<bool>("--quick") { Description = "A tenth of the work, to see that it runs; its figures mean little." };
        var data = new Option<string?>("--data") { Description = "Folder of the market recordings, for 'replay'." };
        var command = new Command("bench", "Measures a part against a peer in the same run. Example: qt bench engine") { name, json, quick, data };
        command.SetAction(arguments =>
        {
            BenchmarkResult result;
            if (arguments.GetValue(name) == "engine")
            {
                result = EngineBenchmark.Run(arguments.GetValue(quick));
            }
            else if (ReplayBenchmark.Run(arguments.GetValue(data)) is { } replay)
            {
                result = replay;
            }
            else
            {
                Console.Error.WriteLine("The recording of 2024-08-08 was not found. Name the folder of the market recordings with --data.");
                return ExitCodes.Outside;
            }

            if (arguments.GetValue(json))
            {
                Console.WriteLine(Json.Serialize(result));
            }
            else
            {
                foreach (var c in result.Cases)
                {
                    var ratio = c.Ratio is { } r ? FormattableString.Invariant($"{r:0.###}x {c.Against}") : "";
                    var limit = c.Limit is { } l ? FormattableString.Invariant($"(limit {(c.AtMost ? "<=" : ">=")} {l}: {(c.IsMet ? "met" : "NOT MET")})") : "";
                    Console.WriteLine($"{c.Case,-44} {Rounds.Format(c.Value),14} {c.Unit,-12} {ratio} {limit}".TrimEnd());
                }
            }

            return ExitCodes.Good;
        });
        return command;
    }
}
