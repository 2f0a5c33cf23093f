using System.CommandLine;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt test</c>: runs the tests that a pipeline file holds.</summary>
internal static class TestCommand
{
    public static Command Create()
    {
        var pipeline = new PipelineArguments();
        var filter = new Option<string?>("--filter") { Description = "Run only the tests whose name contains this text." };
        var json = new Option<bool>("--json") { Description = "Print the results as JSON." };
        var command = new Command("test", "Runs the tests of a pipeline on its real blocks, with virtual time. Example: qt test pipelines/demo.yml") { filter, json };
        pipeline.AddTo(command);
        command.SetAction(async (arguments, token) =>
        {
            if (pipeline.Load(arguments) is not { } plan)
            {
                return ExitCodes.Configuration;
            }

            var wanted = arguments.GetValue(filter) ?? "";
            var tests = plan.Tests.Where(t => t.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase)).ToList();
            if (plan.Tests.Count == 0)
            {
                Console.Error.WriteLine($"{plan.File} has no tests. docs/pipeline-tests.md shows how to write some.");
            }
            else if (tests.Count == 0)
            {
                Console.Error.WriteLine($"No test of {plan.File} has '{wanted}' in its name. There are: {string.Join("; ", plan.Tests.Select(t => t.Name))}.");
                return ExitCodes.Usage;
            }

            try
            {
                var results = new List<PipelineTestResult>();
                foreach (var test in tests)
                {
                    results.Add(await PipelineTestRunner.RunAsync(plan, test, token).ConfigureAwait(false));
                }

                Console.Write(arguments.GetValue(json) ? Json.Serialize(TestReport.Of(plan.Name, results)) + Environment.NewLine : ToText(results));
                return results.Any(r => r.Findings.Count > 0) ? ExitCodes.Configuration : results.All(r => r.Passed) ? ExitCodes.Good : ExitCodes.Failed;
            }
            catch (FindingException refused)
            {
                return ExitCodes.Refuse(refused);
            }
        });
        return command;
    }

    private static string ToText(IReadOnlyList<PipelineTestResult> results)
    {
        var lines = results.SelectMany(r => (string[])[$"{(r.Passed ? "ok    " : "FAILED")} {r.Test.Name}", .. r.Findings.Select(f => $"  {f}"), .. r.Differences.Select(d => $"  {d}")]);
        return string.Concat(lines.Append($"{results.Count(r => r.Passed)} passed, {results.Count(r => !r.Passed)} failed.").Select(l => l + Environment.NewLine));
    }

    private sealed record TestReport(string Pipeline, int Passed, int Failed, IReadOnlyList<TestEntry> Tests)
    {
        public static TestReport Of(string pipeline, IReadOnlyList<PipelineTestResult> results) => new(
            pipeline, results.Count(r => r.Passed), results.Count(r => !r.Passed),
            [.. results.Select(r => new TestEntry(r.Test.Name, r.Passed, r.Test.Position.File, r.Test.Position.Line, r.Findings, r.Differences))]);
    }

    private sealed record TestEntry(string Name, bool Passed, string File, int Line, IReadOnlyList<Finding> Findings, IReadOnlyList<TestDifference> Differences);
}
