using QuantumTrader.App.Commands;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll;
using QuantumTrader.ProfitDll.Native;

namespace QuantumTrader.App.Benchmarks;

/// <summary>
/// The pipeline of the simulator, running in this process, and the simulator's own handles. Each one needs a copy of the library, because
/// one can be initialised only once.
/// </summary>
internal sealed class SimulatedFeed : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("qt-bench-").FullName;
    private readonly Simulator _simulator;
    private readonly BlockFactory _factory;
    private readonly Graph _graph;
    private readonly Task<GraphReport> _run;

    /// <summary>Starts it and waits until it is subscribed.</summary>
    /// <param name="root">The repository.</param>
    /// <param name="sets">Further <c>--set</c> of its pipeline.</param>
    public SimulatedFeed(string root, params string[] sets)
    {
        var library = Path.Combine(_folder, "libprofit.so");
        File.Copy(LibraryFile.Find("tests/ProfitDllSimulator", new SectionContext(root, root)), library);
        _simulator = new Simulator(library);
        var script = Path.Combine(_folder, "quiet.txt");
        File.WriteAllText(script, "asset WDOU25 5500 0.5 10\n");
        string[] all =
        [
            $"profitdll.library={library}", $"profitdll.server={script}", $"spill.path={_folder}/spill", "blocks.feed.edge.when_full=spill", "blocks.feed.idle_end_ms=1500", .. sets,
        ];
        var loaded = new PipelineLoader(PipelineArguments.Registry).Load(Path.Combine(root, "pipelines", "profitdll-sim.yml"), null, all);
        _factory = new BlockFactory(loaded.Plan ?? throw new InvalidOperationException(string.Join("; ", loaded.Findings)), TimeProvider.System);
        _graph = PipelineBuilder.Build(loaded.Plan, _factory);
        _run = Task.Run(() => _graph.RunAsync());

        // Not before the simulator was initialised: what is asked of it earlier is not waited for.
        Waiting.Until(() => _run.IsFaulted || _simulator.Counter(Subscribed) > 0);
        Wait();
    }

    private const int Subscribed = 8;

    /// <summary>What the simulator can do besides.</summary>
    public Simulator Simulator => _simulator;

    /// <summary>Until the simulator has done everything that it was told to.</summary>
    public void Wait() => Waiting.Until(() => _simulator.Wait(TimeSpan.FromSeconds(1)));

    /// <summary>Waits for the end of the run, which comes when nothing was received for a while.</summary>
    public (GraphReport Run, ProfitDllReport Feed) End()
    {
        var report = _run.GetAwaiter().GetResult();
        return report.Balanced && report.Completed
            ? (report, (ProfitDllReport)report.Blocks.Single(b => b.Name == "feed").Details!)
            : throw new InvalidOperationException($"Invariant: the run must balance: {report.Fault} {string.Join("; ", report.Imbalances)}");
    }

    public void Dispose()
    {
        _run.Wait();
        _graph.Dispose();
        _factory.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
