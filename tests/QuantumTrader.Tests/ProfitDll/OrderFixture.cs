using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll;
using QuantumTrader.Trading;

namespace QuantumTrader.Tests.ProfitDll;

/// <summary>A source and an execution in one session of the simulator. ENABLE_TRADING belongs to the process, as the session does.</summary>
internal sealed class OrderFixture : IDisposable
{
    private readonly Output<Fill> _output = new();
    private long _sequence;

    public OrderFixture(ExecutionProfitDllOptions? options = null, bool mayTrade = true, bool isRouting = true, params string[] script)
    {
        Sim = new ProfitFixture(script) { Routing = isRouting };
        Kill = new KillSwitch(new TradingOptions(), Sim.Market, new SectionContext(".", "."), TimeProvider.System);
        Environment.SetEnvironmentVariable("ENABLE_TRADING", mayTrade ? "true" : null);
        try
        {
            Block = new ExecutionProfitDll(
                options ?? new ExecutionProfitDllOptions { SendOrders = true, MaxPosition = 10, EndSeconds = 0.2 }, new BlockContext("orders", new SectionContext(".", "."), TimeProvider.System), Sim.Market, Sim.Login, Kill) { Name = "orders" };
            Block.Start();
            Source = Sim.Source(new ProfitDllSourceOptions { Undated = UndatedTime.Feed });
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public ProfitFixture Sim { get; }

    public KillSwitch Kill { get; }

    public ExecutionProfitDll Block { get; } = null!;

    public ProfitDllSource Source { get; } = null!;

    public List<Fill> Fills { get; } = [];

    public ExecutionReport Report => (ExecutionReport)Block.Report()!;

    public IReadOnlyList<string> Notes => [.. Block.Accounts.Notes.Select(n => n.Code)];

    public static OrderRequest Order(long order, Side side, double quantity, int symbol = 1) => new(order, order, symbol, side, Scaled.FromDouble(quantity), order);

    /// <summary>One market event: the block takes in what is new.</summary>
    public void Tick()
    {
        Sim.ReadRest(Source);
        var e = new MarketEvent { Sequence = ++_sequence, EventTime = _sequence, Kind = EventKind.State };
        Block.ProcessSide(Run<MarketEvent>.Of([e], Block.Accounts), _output);
        Fills.AddRange(_output.ToArray());
    }

    public void Await(Func<bool> condition, string what)
    {
        var since = Stopwatch.StartNew();
        while (!condition())
        {
            since.Elapsed.ShouldBeLessThan(ProfitFixture.Patience, what);
            Tick();
        }
    }

    public OrderFixture Ready()
    {
        Await(() => Notes.Contains("account"), "the account must be known");
        return this;
    }

    /// <summary>Sends, lets the simulator answer, and takes the answers in.</summary>
    public void Send(params OrderRequest[] orders)
    {
        Block.Process(Run<OrderRequest>.Of(orders, Block.Accounts), _output);
        Fills.AddRange(_output.ToArray());
        Sim.Wait();
        Tick();
    }

    /// <summary>Runs lines of the simulator's script and takes in what comes of them.</summary>
    public void Play(params string[] lines)
    {
        Sim.Run(lines);
        Sim.Wait();
        Tick();
    }

    public void End()
    {
        Block.Complete(_output);
        Fills.AddRange(_output.ToArray());
    }

    public long Dropped(string reason) => Block.Accounts.Dropped.GetValueOrDefault(reason);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("ENABLE_TRADING", null);
        Block?.Dispose();
        Kill.Dispose();
        Sim.Dispose();
    }
}
