namespace QuantumTrader.Pipelines;

/// <summary>Looks at one concern of a pipeline and reports what is wrong with it.</summary>
internal interface IPipelineCheck
{
    /// <summary>Adds a finding for each mistake. Blocks without a type and references to nothing are reported elsewhere.</summary>
    void Check(PipelineDraft draft, FindingList findings);
}

/// <summary>All checks; the order does not matter, since findings are sorted.</summary>
internal static class PipelineChecks
{
    public static readonly IReadOnlyList<IPipelineCheck> All =
    [
        new NameCheck(),
        new InputCheck(),
        new CycleCheck(),
        new EventTypeCheck(),
        new FormatCheck(),
        new RootCheck(),
        new CallbackCheck(),
        new TradingPathCheck(),
        new ParallelismCheck(),
        new HostingCheck(),
        new UnusedOutputCheck(),
    ];
}
