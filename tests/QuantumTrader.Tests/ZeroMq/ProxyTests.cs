using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.Tests.ZeroMq;

public sealed class ProxyTests : IDisposable
{
    private readonly BusFixture _bus = new();

    private readonly CancellationTokenSource _stop = new(BusFixture.Patience);

    public void Dispose()
    {
        _bus.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Many_publishers_reach_many_subscribers_without_knowing_them()
    {
        var (proxy, run) = Start(new ZeroMqProxyOptions());
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
        _stop.Cancel();
        (await run).ShouldBeFalse();
        var report = Report(proxy);
        report.Messages.ShouldBe(200);
        report.Bytes.ShouldBeGreaterThan(200 * 64);
        report.SlowSubscriber.ShouldBe(0);
    }

    [Fact]
    public async Task A_subscriber_that_never_reads_is_counted_and_the_others_get_everything()
    {
        const int burst = 2000;
        var (proxy, run) = Start(new ZeroMqProxyOptions { HighWater = 2 * burst });
        var publisher = Publisher(proxy);
        var good = _bus.Subscriber(proxy.Endpoints.Out, "t");
        BusFixture.AwaitSubscriptions(publisher, 1);
        _bus.Subscriber(proxy.Endpoints.Out, "t", highWater: 1);

        // In bursts that the good subscriber takes before the next, so that only the other can be slow.
        var body = new byte[1000];
        for (var i = 0; i < 400 && Report(proxy).SlowSubscriber == 0; i++)
        {
            for (var sent = 0; sent < burst; sent++)
            {
                BusFixture.Send(publisher, "t", body);
            }

            for (var received = 0; received < burst; received++)
            {
                BusFixture.Receive(good).Select(f => f.Length).ShouldBe([1, body.Length]);
            }
        }

        Report(proxy).SlowSubscriber.ShouldBeGreaterThan(0);
        _stop.Cancel();
        (await run).ShouldBeFalse();
    }

    [Fact]
    public async Task A_publisher_that_sends_too_large_a_frame_is_disconnected()
    {
        var (proxy, run) = Start(new ZeroMqProxyOptions { MaxFrameBytes = 256 });
        var publisher = Publisher(proxy);
        // Before the first await, behind which another thread may go on: a socket belongs to one.
        using (var monitor = new ZmqMonitor(publisher, ZmqEvents.Disconnected))
        {
            _bus.Subscriber(proxy.Endpoints.Out, "t");
            BusFixture.AwaitSubscriptions(publisher, 1);
            BusFixture.Send(publisher, "t", new byte[300]);
            BusFixture.Until(() => monitor.TryRead(out _, out _), "the connection must be closed");
        }

        Report(proxy).Messages.ShouldBe(0);
        _stop.Cancel();
        (await run).ShouldBeFalse();
    }

    private (ZeroMqProxy Proxy, Task<bool> Run) Start(ZeroMqProxyOptions options)
    {
        var proxy = _bus.Keep(new ZeroMqProxy(options with { In = BusFixture.Anywhere, Out = BusFixture.Anywhere }, BusFixture.Context("agents"), _bus.Bus));
        proxy.Start();
        return (proxy, Task.Run(() => proxy.Read(new Output<NoEvent>(), 256, _stop.Token)));
    }

    private ZmqSocket Publisher(ZeroMqProxy proxy)
    {
        var publisher = _bus.Keep(new ZmqSocket(_bus.Bus.Context, SocketKind.XPub));
        publisher.Set(SocketOption.SendHighWater, 100_000);
        publisher.Connect(proxy.Endpoints.In);
        return publisher;
    }

    private static ZeroMqProxyReport Report(ZeroMqProxy proxy) => (ZeroMqProxyReport)proxy.Report()!;

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
