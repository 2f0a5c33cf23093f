using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>Runs the tests of a pipeline on its real blocks and the real engine, with a clock that stands at the events' time.</summary>
public static class PipelineTestRunner
{
    /// <summary>Runs one test on a graph of its own.</summary>
    /// <exception cref="FindingException">A block or section refuses its options.</exception>
    public static async Task<PipelineTestResult> RunAsync(PipelinePlan plan, PipelineTest test, CancellationToken stop = default)
    {
        var parts = new PipelineTestGraph(plan, test);
        var clock = new VirtualClock();
        using var factory = new BlockFactory(parts.Reduce(), clock);
        var findings = new List<Finding>();
        var events = PipelineTestEvents.Read(test, factory, findings);
        if (findings.Count > 0)
        {
            return new PipelineTestResult(test, [], findings);
        }

        var (graph, collectors) = parts.Build(factory, clock, events);
        using (graph)
        {
            var report = await graph.RunAsync(stop).ConfigureAwait(false);
            IEnumerable<TestDifference> failed = report.Completed && report.Balanced
                ? []
                : [new TestDifference(test.Position, "", report.Fault ?? $"the account does not add up: {string.Join("; ", report.Imbalances)}")];
            var differences = test.Expect.SelectMany(e =>
                PipelineTestComparer.Compare(e, collectors[e.Block].Events, collectors[e.Block].Count, factory.Format(e.EventType)!, test.Tolerance));
            return new PipelineTestResult(test, [.. failed, .. differences], []);
        }
    }
}

/// <summary>How a test went.</summary>
/// <param name="Test">The test.</param>
/// <param name="Differences">What was not as expected; none when it passed.</param>
/// <param name="Findings">What is wrong with the test itself, which was then not run.</param>
public sealed record PipelineTestResult(PipelineTest Test, IReadOnlyList<TestDifference> Differences, IReadOnlyList<Finding> Findings)
{
    /// <summary>True when all was as expected.</summary>
    public bool Passed => Differences.Count == 0 && Findings.Count == 0;
}
