using System.CommandLine;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt doctor</c>: whether what is outside is as we assume.</summary>
internal static class DoctorCommand
{
    public static Command Create() => new("doctor", "Looks at what is outside, and says what is not as assumed.") { ForProfitDll() };

    private static Command ForProfitDll()
    {
        var pipeline = new PipelineArguments(description: "The pipeline file, with the section profitdll that says how to log in.");
        var seconds = new Option<double>("--seconds") { Description = "How long to wait for the login, and then to watch.", DefaultValueFactory = _ => 20 };
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var command = new Command("profitdll", "Logs in to ProfitDLL, watches it, sends no order, and prints what differs from our assumptions. Ends with 1 when something does. Example: qt doctor profitdll pipelines/live-wdo.yml") { seconds, json };
        pipeline.AddTo(command);
        command.SetAction(arguments =>
        {
            var watch = arguments.GetValue(seconds);
            if (watch is < 0.1 or > 3600)
            {
                Console.Error.WriteLine($"--seconds was {watch}; it is 0.1 to 3600.");
                return ExitCodes.Usage;
            }

            if (pipeline.Load(arguments) is not { } plan)
            {
                return ExitCodes.Configuration;
            }

            try
            {
                using var factory = new BlockFactory(plan, TimeProvider.System);
                if (factory.Section<ProfitLogin>() is not { } login || factory.Section<MarketContext>() is not { } market)
                {
                    Console.Error.WriteLine($"{plan.File} has no block source.profitdll, so it logs in nowhere. Name a pipeline that has one, such as pipelines/live-wdo.yml.");
                    return ExitCodes.Configuration;
                }

                var found = ProfitDoctor.Examine(login, market, TimeSpan.FromSeconds(watch), TimeProvider.System);
                Print(found, arguments.GetValue(json));
                return found.Any(f => f.AsAssumed == false) ? ExitCodes.Failed : ExitCodes.Good;
            }
            catch (ConfigurationException refused)
            {
                return ExitCodes.Refuse(refused);
            }
        });
        return command;
    }

    private static void Print(IReadOnlyList<Examination> found, bool asJson)
    {
        if (asJson)
        {
            Console.WriteLine(Json.Serialize(found));
            return;
        }

        foreach (var f in found.OrderBy(f => f.AsAssumed switch { false => 0, null => 1, true => 2 }))
        {
            Console.WriteLine($"{(f.AsAssumed switch { false => "DIFFERS", null => "unseen", true => "ok" }),-8} {f.Name}: {f.Found}{(f.AsAssumed == true ? "" : $" (assumed: {f.Assumed})")}");
        }

        Console.WriteLine($"{found.Count(f => f.AsAssumed == true)} as assumed, {found.Count(f => f.AsAssumed == false)} different, {found.Count(f => f.AsAssumed is null)} not seen.");
    }
}
