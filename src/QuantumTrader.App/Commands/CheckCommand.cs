using System.CommandLine;
using QuantumTrader.App.Checks;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt check</c>: whether a pipeline's features can be trusted.</summary>
internal static class CheckCommand
{
    public static Command Create() => new("check", "Checks the features of a pipeline.")
    {
        Check("lookahead", "Replaces the stream by another one from random events on: no vector before them may change by a bit. Example: qt check lookahead pipelines/demo.yml", FeatureChecks.LookaheadAsync),
        Check("warmup", "Starts later at random hours: features must agree with those of the whole run as soon as they are warm. Example: qt check warmup pipelines/demo.yml", FeatureChecks.WarmupAsync),
    };

    private static Command Check(string name, string summary, Func<PipelinePlan, int, int, CancellationToken, Task<IReadOnlyList<CheckResult>>> check)
    {
        var pipeline = new PipelineArguments();
        var cuts = new Option<int>("--cuts") { Description = "How many times.", DefaultValueFactory = _ => 3 };
        var seed = new Option<int>("--seed") { Description = "Start of the random numbers: the same seed gives the same cuts.", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print the results as JSON." };
        var command = new Command(name, summary) { cuts, seed, json };
        pipeline.AddTo(command);
        command.SetAction(async (arguments, token) =>
        {
            if (pipeline.Load(arguments) is not { } plan)
            {
                return ExitCodes.Configuration;
            }

            try
            {
                var results = await check(plan, Math.Clamp(arguments.GetValue(cuts), 1, 1000), arguments.GetValue(seed), token).ConfigureAwait(false);
                Console.WriteLine(arguments.GetValue(json) ? Json.Serialize(results) : string.Join('\n', results.Select(r => r.ToString())));
                return results.All(r => r.IsGood) ? ExitCodes.Good : ExitCodes.Failed;
            }
            catch (CheckException problem)
            {
                Console.Error.WriteLine(problem.Message);
                return ExitCodes.Failed;
            }
            catch (FindingException refused)
            {
                return ExitCodes.Refuse(refused);
            }
        });
        return command;
    }
}
