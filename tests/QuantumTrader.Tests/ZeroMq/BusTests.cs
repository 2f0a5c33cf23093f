using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.Tests.ZeroMq;

public sealed class BusTests
{
    [Fact]
    public void The_maps_are_those_of_the_documents()
    {
        var bus = new Bus(new BusOptions());
        string[] channels = ["tick", "book", "flow", "footprint", "liquidity", "tape", "history", "signal", "features", Bus.AgentsIn, Bus.AgentsOut, "decision", "registry"];
        channels.Select(bus.ListenOn).ShouldBe(
            new[] { 5555, 5556, 5557, 5558, 5559, 5560, 5561, 5562, 5562, 5563, 5564, 5565, 5566 }.Select(p => $"tcp://127.0.0.1:{p}"));

        var classic = new Bus(new BusOptions { Ports = PortMap.Classic });
        classic.ListenOn("history").ShouldBe("tcp://127.0.0.1:5557");
        classic.ListenOn("signal").ShouldBe("tcp://127.0.0.1:5558");
        classic.ListenOn("features").ShouldBe("tcp://127.0.0.1:5558");
        classic.ListenOn("tick").ShouldBe("tcp://127.0.0.1:5555");
    }

    [Theory]
    [InlineData("flow")]
    [InlineData("footprint")]
    public void The_classic_map_refuses_flow_and_footprint(string channel)
    {
        Should.Throw<ConfigurationException>(() => new Bus(new BusOptions { Ports = PortMap.Classic }).ListenOn(channel))
            .Message.ShouldBe($"with `ports: classic` the port of '{channel}' belongs to another channel, as in the old system. Use `ports: default`, or give it a free port: bus.channels.{channel}.");
        new Bus(new BusOptions { Ports = PortMap.Classic, Channels = new Dictionary<string, int> { [channel] = 6000 } }).ListenOn(channel).ShouldBe("tcp://127.0.0.1:6000");
    }

    [Fact]
    public void Two_channels_on_one_port_are_refused()
    {
        var refused = Should.Throw<ConfigurationException>(() => new Bus(new BusOptions { Channels = new Dictionary<string, int> { ["flow"] = 5555 } }));
        refused.Option.ShouldBe("channels");
        refused.Message.ShouldBe("the channels 'tick' and 'flow' have the same port 5555; give each its own.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65536)]
    public void A_port_is_between_1_and_65535(int port) =>
        Should.Throw<ConfigurationException>(() => new Bus(new BusOptions { Channels = new Dictionary<string, int> { ["tick"] = port } })).Option.ShouldBe("channels.tick");

    [Fact]
    public void Everything_stays_on_this_machine_until_another_address_is_named()
    {
        new Bus(new BusOptions()).ConnectTo("tick").ShouldBe("tcp://127.0.0.1:5555");
        var open = new Bus(new BusOptions { Host = "0.0.0.0" });
        open.ListenOn("tick").ShouldBe("tcp://0.0.0.0:5555");
        open.ConnectTo("tick").ShouldBe("tcp://127.0.0.1:5555");
        Should.Throw<ConfigurationException>(() => new Bus(new BusOptions { Host = "tcp://x" })).Option.ShouldBe("host");
    }

    [Fact]
    public void Two_sinks_of_one_channel_are_found_before_anything_starts()
    {
        using var bus = new Bus(new BusOptions());
        var market = MarketContext.Of(new TradingCalendar(), new Instrument("A", 1, 1, 1));
        ZeroMqSink<MarketEvent> Make(string name, params string[] channels) =>
            new(new ZeroMqSinkOptions { Channels = channels }, BusFixture.Context(name), bus, market, new MarketFormat(market));

        using var first = Make("one", "tick");
        using var other = Make("books", "book");
        Should.Throw<ConfigurationException>(() => Make("two", "tick")).Message.ShouldStartWith("'two' publishes 'tick' on tcp://127.0.0.1:5555, where 'one' publishes 'tick' already.");
        using var again = Make("one", "tick"); // the same block, made anew
    }

    [Fact]
    public void Signals_and_features_share_their_port_and_nobody_else_does()
    {
        using var bus = new Bus(new BusOptions());
        bus.Claim("signal", bus.ListenOn("signal"), "signals");
        bus.Claim("features", bus.ListenOn("features"), "vectors");
        Should.Throw<ConfigurationException>(() => bus.Claim("order", bus.ListenOn("signal"), "orders")).Message.ShouldContain("where 'signals' publishes 'signal' already");
    }

    [Fact]
    public void A_shared_port_stays_open_until_its_last_sink_has_left()
    {
        using var bus = new Bus(new BusOptions());
        var options = new PublicationOptions(HighWater: 10, DropForAll: false, LingerMilliseconds: 0);
        var signals = bus.Open(BusFixture.Anywhere, options);
        var features = bus.Open(signals.Endpoint, options);
        features.ShouldBeSameAs(signals);
        using var other = new ZmqSocket(bus.Context, SocketKind.Pub);

        bus.Close(signals);
        Should.Throw<ZmqException>(() => other.Bind(features.Endpoint)).Error.ShouldBe(ZmqError.AddressInUse);
        bus.Close(features);
        BusFixture.Until(
            () =>
            {
                try
                {
                    other.Bind(features.Endpoint);
                    return true;
                }
                catch (ZmqException)
                {
                    return false;
                }
            },
            "the port must become free");
    }

    [Theory]
    [InlineData("bar:1m", "tcp://127.0.0.1:5570")]
    [InlineData("bar:5m", "tcp://127.0.0.1:5570")]
    public void Bars_of_all_lengths_have_one_port(string channel, string endpoint) => new Bus(new BusOptions()).ListenOn(channel).ShouldBe(endpoint);
}
