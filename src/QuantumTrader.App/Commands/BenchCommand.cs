using System.CommandLine;
using QuantumTrader.App.Benchmarks;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt bench</c>: measures, and prints each figure with its limit.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var names = Benchmark.All.Select(b => b.Name).ToArray();
        var name = new Argument<string>("name") { Description = string.Join(" ", Benchmark.All.Select(b => $"{b.Name}: {b.Summary}")) };
        name.AcceptOnlyFromAmong(names);
        var json = new Option<bool>("--json") { Description = "Print the figures as JSON." };
        var quick = new Option<bool>("--quick") { Description = "A tenth of the work, to see that it runs; its figures mean little." };
        var data = new Option<string?>("--data") { Description = "Folder of the market recordings." };
        var command = new Command("bench", "Measures a part against a peer in the same run. Example: qt bench engine") { name, json, quick, data };
        command.SetAction(arguments =>
        {
            var benchmark = Benchmark.All.First(b => b.Name == arguments.GetValue(name));
            if (benchmark.Run(new BenchmarkRequest(arguments.GetValue(quick), arguments.GetValue(data))) is not { } result)
            {
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
