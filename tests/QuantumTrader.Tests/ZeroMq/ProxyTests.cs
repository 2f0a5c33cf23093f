using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.Tests.ZeroMq;

public sealed class ProxyTests : IDisposable
{
    private readonly BusFixture _bus = new();

    public void Dispose() => _bus.Dispose();

    [Fact]
    public async Task Many_publishers_reach_many_subscribers_without_knowing_them()
    {
        var proxy = _bus.Keep(new ZeroMqProxy(new ZeroMqProxyOptions { In = BusFixture.Anywhere, Out = "tcp://127.0.0.1:0" }, BusFixture.Context("agents"), _bus.Bus));
        proxy.Start();
        using var stop = new CancellationTokenSource();
        var run = Task.Run(() => proxy.Read(new Output<NoEvent>(), 256, stop.Token), CancellationToken.None);
        var sinks = new[] { "WDOU25", "WDO" }.Select(_ => _bus.Sink(new ZeroMqSinkOptions { Endpoint = proxy.Endpoints.In, Connect = true, HeartbeatSeconds = 0 })).ToArray();
        var both = _bus.Source(proxy.Endpoints.Out);
        var one = _bus.Source(proxy.Endpoints.Out, new ZeroMqSourceOptions { Channels = ["tick"], Symbols = ["WDO"] });
        foreach (var sink in sinks)
        {
            BusFixture.Until(() => sink.HasSubscriber("heartbeat_tick_WDOU25") && sink.HasSubscriber("heartbeat_tick_WDO"), "subscriptions must pass the proxy");
        }

        BusFixture.Observe(sinks[0], BusFixture.Trades(100, symbol: 1));
        BusFixture.Observe(sinks[1], BusFixture.Trades(100, symbol: 2));

        BusFixture.Read(both, 200).Count(e => e.Symbol == 1).ShouldBe(100);
        BusFixture.Read(one, 100).ShouldAllBe(e => e.Symbol == 2);
        stop.Cancel();
        (await run).ShouldBeFalse();
        var report = (ZeroMqProxyReport)proxy.Report()!;
        report.Messages.ShouldBe(200);
        report.Bytes.ShouldBeGreaterThan(200 * 64);
        report.SlowSubscriber.ShouldBe(0);
    }

    [Fact]
    public void A_proxy_and_a_sink_on_one_port_are_found_before_anything_starts()
    {
        using var proxy = new ZeroMqProxy(new ZeroMqProxyOptions { In = "tcp://127.0.0.1:5555" }, BusFixture.Context("agents"), _bus.Bus);
        Should.Throw<ConfigurationException>(() => _bus.Bus.Claim("tick", _bus.Bus.ListenOn("tick"), "bus")).Message.ShouldContain("where 'agents' publishes");
    }

    [Fact]
    public void A_proxy_without_traffic_can_end_by_itself()
    {
        var proxy = _bus.Keep(new ZeroMqProxy(new ZeroMqProxyOptions { In = BusFixture.Anywhere, Out = BusFixture.Anywhere, IdleEndMs = 20 }, BusFixture.Context("agents"), _bus.Bus));
        proxy.Start();
        using var patience = new CancellationTokenSource(BusFixture.Patience);
        proxy.Read(new Output<NoEvent>(), 256, patience.Token).ShouldBeFalse();
        patience.IsCancellationRequested.ShouldBeFalse();
    }
}
