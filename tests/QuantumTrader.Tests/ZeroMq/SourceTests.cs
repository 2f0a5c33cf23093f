using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.Tests.ZeroMq;

public sealed class SourceTests : IDisposable
{
    // Two symbols, each with its heartbeat.
    private const int SubscriptionsPerChannel = 4;

    private readonly BusFixture _bus = new();

    public void Dispose() => _bus.Dispose();

    [Theory]
    [InlineData(BusFormat.Json, 1, false)]
    [InlineData(BusFormat.Json, 1, true)]
    [InlineData(BusFormat.Binary, 1, false)]
    [InlineData(BusFormat.Binary, 1, true)]
    [InlineData(BusFormat.Binary, 32, false)]
    [InlineData(BusFormat.Binary, 32, true)]
    public void What_one_pipeline_publishes_another_reads_bit_by_bit(BusFormat format, int frameEvents, bool onePart)
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { Format = format, FrameEvents = frameEvents, OnePart = onePart });
        var source = _bus.Source(sink.Endpoints["tick"], new ZeroMqSourceOptions { Channels = ["tick", "book", "quote"] });
        BusFixture.Until(() => sink.HasSubscriber("heartbeat_quote_WDO"), "the source must have subscribed");
        var trades = BusFixture.Trades(100);
        trades[3].ReceiveTime = trades[3].EventTime + 1;
        trades[5].Flags = EventFlags.Historical | EventFlags.EndOfMessage;
        trades[6] = trades[6] with { Buyer = 72, Seller = -1, SideSource = SideSource.TickRule };
        // Several topics in one batched frame are ordered by topic only, so each is sent for itself.
        MarketEvent[][] groups = [trades, Feed.Snapshot(200, 7, (-5000, 3), (5000.5, 4)), Feed.Update(201, 8, 9, 7, (-5000, 0)), [Feed.Quote(202, 5000, 5000.5), Feed.Quote(203, 4999.5, 5000)]];
        var sent = Feed.Numbered(groups.SelectMany(g => g));
        for (var (i, at) = (0, 0); i < groups.Length; at += groups[i++].Length)
        {
            BusFixture.Observe(sink, sent.AsSpan(at, groups[i].Length));
            BusFixture.Until(() => sink.Waiting == 0, "the publisher must go on");
            BusFixture.Until(() => BusFixture.Report(sink).Channels.Values.Sum(c => c.Published) == at + groups[i].Length, "each group must be sent");
        }

        var received = BusFixture.Read(source, sent.Length);
        Feed.Bytes(received).ShouldBe(Feed.Bytes(sent));
        BusFixture.Report(source).Missing.ShouldBe(0);
        BusFixture.Report(source).LagSeconds.ShouldBeGreaterThan(0, "the events are of another year");
    }

    [Fact]
    public void A_symbol_is_what_the_topic_names_whatever_number_the_publisher_has_for_it()
    {
        var publisher = _bus.Publisher(out var endpoint);
        var source = _bus.Source(endpoint);
        BusFixture.AwaitSubscriptions(publisher, SubscriptionsPerChannel);
        var frame = new byte[BinaryFrame.HeadSize + BinaryFrame.EventSize];
        BinaryFrame.WriteHead(frame, 1, 1);
        Feed.Bytes([BusFixture.Trades(1, symbol: 1)[0] with { Symbol = 77 }]).CopyTo(frame, BinaryFrame.HeadSize);
        BusFixture.Send(publisher, "tick_WDO", frame);

        BusFixture.Read(source, 1).ShouldHaveSingleItem().Symbol.ShouldBe(_bus.Market.Symbols.Find("WDO"));
    }

    [Fact]
    public void Who_sends_a_frame_that_would_take_too_much_memory_is_disconnected()
    {
        var publisher = _bus.Publisher(out var endpoint);
        var source = _bus.Source(endpoint, new ZeroMqSourceOptions { Channels = ["tick"], MaxFrameBytes = 1024 });
        BusFixture.AwaitSubscriptions(publisher, SubscriptionsPerChannel);
        BusFixture.Send(publisher, "tick_WDOU25", new byte[20_000]);

        BusFixture.ReadUntil(source, r => r.Disconnected == 1).MessagesReceived.ShouldBe(0);
    }

    [Fact]
    public void A_topic_that_only_begins_the_same_is_refused()
    {
        var publisher = _bus.Publisher(out var endpoint);
        var source = _bus.Source(endpoint, new ZeroMqSourceOptions { Channels = ["tick"], Symbols = ["WDO"] });
        BusFixture.AwaitSubscriptions(publisher, 2);
        BusFixture.Send(publisher, "tick_WDOU25", BusFixture.Json(1));
        BusFixture.Send(publisher, "tick_WDOV25", BusFixture.Json(1));
        BusFixture.Send(publisher, "tick_WDO", BusFixture.Json(1, "WDO"));

        BusFixture.Read(source, 1).ShouldHaveSingleItem().Symbol.ShouldBe(_bus.Market.Symbols.Find("WDO"));
        source.Accounts.Dropped["foreign_topic"].ShouldBe(2);
        BusFixture.Report(source).MessagesReceived.ShouldBe(3);
    }

    [Fact]
    public void Gaps_lost_tails_and_restarts_are_counted_by_topic()
    {
        var publisher = _bus.Publisher(out var endpoint);
        var source = _bus.Source(endpoint);
        BusFixture.AwaitSubscriptions(publisher, SubscriptionsPerChannel);
        foreach (var number in new[] { 7, 8, 11, 12, 1, 2 })
        {
            BusFixture.Send(publisher, "tick_WDOU25", BusFixture.Json(number));
        }

        BusFixture.Send(publisher, "heartbeat_tick_WDOU25", """{"version":1,"type":"heartbeat","seq":2}""");
        BusFixture.Send(publisher, "heartbeat_tick_WDOU25", """{"version":1,"type":"heartbeat","seq":5}""");
        BusFixture.Send(publisher, "tick_WDO", BusFixture.Json(1, "WDO"));
        BusFixture.Read(source, 7);

        var report = BusFixture.Report(source);
        report.Topics["tick_WDOU25"].ShouldBe(new TopicReport(FirstNumber: 7, LastNumber: 5, Gaps: 2, Missing: 5, Restarts: 1));
        report.Topics["tick_WDO"].ShouldBe(new TopicReport(FirstNumber: 1, LastNumber: 1, Gaps: 0, Missing: 0, Restarts: 0));
        source.Accounts.Notes.Select(n => n.Code).ShouldBe(["joined_late", "sequence_gap", "publisher_restart", "lost_tail"]);
        source.Accounts.Notes[0].Message.ShouldContain("begins with number 7; 6 were published before");
        source.Accounts.Notes[1].Message.ShouldContain("2 lost on the way, numbers 9 to 10");
    }

    [Fact]
    public void Hostile_messages_are_counted_by_reason_and_kept_as_samples()
    {
        var publisher = _bus.Publisher(out var endpoint);
        var source = _bus.Source(endpoint, new ZeroMqSourceOptions { Channels = ["tick"], MaxFrameBytes = 1024 });
        BusFixture.AwaitSubscriptions(publisher, SubscriptionsPerChannel);
        var good = new byte[BinaryFrame.HeadSize + BinaryFrame.EventSize];
        BinaryFrame.WriteHead(good, 1, 1);
        var cut = good[..^1];
        var tooMany = (byte[])good.Clone();
        tooMany[7] = 255;
        var noKind = good;
        var endOfNumbers = (byte[])good.Clone();
        BinaryFrame.WriteHead(endOfNumbers, 1, long.MaxValue);
        byte[][] bodies =
        [
            [], [1, 2, 3], "{"u8.ToArray(), "{\"version\":1,\"seq\":1,\"price\":\"x\"}"u8.ToArray(), "[1,2,3,4,5,6,7,8,9]"u8.ToArray(), new byte[40], new byte[2000],
            cut, tooMany, endOfNumbers, noKind, "{\"version\":99}"u8.ToArray(), Encoding.UTF8.GetBytes($"{{\"version\":1,\"symbol\":\"NOBODY\",\"seq\":{long.MaxValue}}}"), Encoding.UTF8.GetBytes(new string('{', 500)),
        ];
        foreach (var body in bodies)
        {
            BusFixture.Send(publisher, "tick_WDOU25", body);
        }

        foreach (var heartbeat in new[] { "x", "{\"seq\":\"x\"}", "{\"seq\":-1}" })
        {
            BusFixture.Send(publisher, "heartbeat_tick_WDOU25", heartbeat);
        }

        publisher.TrySend("tick_WDOU25"u8).ShouldBeTrue();
        publisher.TrySend("tick_WDOU25"u8, more: true).ShouldBeTrue();
        publisher.TrySend("a"u8, more: true).ShouldBeTrue();
        publisher.TrySend("b"u8).ShouldBeTrue();
        BusFixture.Send(publisher, "tick_WDO", BusFixture.Json(1, "WDO"));

        BusFixture.Read(source, 1).ShouldHaveSingleItem();
        source.Accounts.Dropped.ShouldBe(new Dictionary<string, long>
        {
            ["bad_event"] = 1, ["bad_field"] = 2, ["bad_frame"] = 3, ["bad_heartbeat"] = 3, ["bad_json"] = 2, ["huge_frame"] = 1, ["not_ours"] = 2,
            ["short_frame"] = 3, ["too_many_frames"] = 1, ["unknown_version"] = 1,
        }, ignoreOrder: true);
        source.Accounts.DeadLetters.Count.ShouldBe(19);
    }

    [Fact]
    public void A_flood_of_bad_messages_does_not_keep_the_source_from_returning()
    {
        var publisher = _bus.Publisher(out var endpoint);
        var source = _bus.Source(endpoint);
        BusFixture.AwaitSubscriptions(publisher, SubscriptionsPerChannel);
        for (var i = 0; i < 10; i++)
        {
            BusFixture.Send(publisher, "tick_WDOU25", "not ours");
        }

        using var stop = new CancellationTokenSource(BusFixture.Patience);
        source.Read(new Output<MarketEvent>(), 4, stop.Token).ShouldBeTrue();
        BusFixture.Report(source).MessagesReceived.ShouldBeInRange(1, 4);
    }

    [Fact]
    public void A_symbol_that_the_market_does_not_have_is_refused()
    {
        var refused = Should.Throw<ConfigurationException>(() => _bus.Source("tcp://127.0.0.1:1", new ZeroMqSourceOptions { Channels = ["tick"], Symbols = ["WDOZ99"] }));
        refused.Option.ShouldBe("symbols");
        refused.Message.ShouldBe("'WDOZ99' is not in the section market. Legal: WDOU25, WDO.");
    }

    [Fact]
    public void A_publisher_that_comes_back_is_found_again()
    {
        using var restarted = new BusFixture();
        var first = _bus.Sink();
        var endpoint = first.Endpoints["tick"];
        var source = restarted.Source(endpoint);
        BusFixture.Until(() => first.HasSubscriber("heartbeat_tick_WDO"), "the source must have subscribed");
        BusFixture.Observe(first, BusFixture.Trades(3));
        BusFixture.Read(source, 3);
        first.Dispose();

        var second = Again(endpoint);
        // The source subscribes again while it reads.
        BusFixture.ReadUntil(source, r => r.Connected == 2 && second.HasSubscriber("heartbeat_tick_WDO"));
        BusFixture.Observe(second, BusFixture.Trades(2));
        var events = BusFixture.Read(source, 2);

        events.Select(e => e.Sequence).ShouldBe([4, 5], "numbered on by the source");
        var topic = BusFixture.Report(source).Topics["tick_WDOU25"];
        topic.Restarts.ShouldBe(1);
        topic.Missing.ShouldBe(0);
        BusFixture.Report(source).Disconnected.ShouldBe(1);
    }

    // libzmq gives a port back a moment after its socket was closed.
    private ZeroMqSink<MarketEvent> Again(string endpoint)
    {
        ZeroMqSink<MarketEvent>? sink = null;
        BusFixture.Until(
            () =>
            {
                try
                {
                    sink = _bus.Sink(new ZeroMqSinkOptions { Endpoint = endpoint });
                    return true;
                }
                catch (ConfigurationException refused) when (refused.Outside)
                {
                    return false;
                }
            },
            "the port must become free");
        return sink!;
    }

    [Fact]
    public void Heartbeats_tell_what_was_lost_behind_the_last_message()
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { HeartbeatSeconds = 0.01 });
        var subscriber = _bus.Subscriber(sink.Endpoints["tick"], "heartbeat_tick_WDOU25");
        BusFixture.Until(() => sink.HasSubscriber("heartbeat_tick_WDOU25"), "the subscription must stand");
        BusFixture.Observe(sink, BusFixture.Trades(5));

        var body = Encoding.UTF8.GetString(BusFixture.Receive(subscriber)[1]);
        body.ShouldContain("\"topic\":\"tick_WDOU25\"");
        body.ShouldContain("\"seq\":5");
    }

    [Fact]
    public void Candles_are_read_as_they_were_published()
    {
        var format = new CandleFormat(_bus.Market);
        var sink = _bus.Keep(new ZeroMqSink<Candle>(new ZeroMqSinkOptions { Endpoint = BusFixture.Anywhere }, BusFixture.Context("bars"), _bus.Bus, _bus.Market, format));
        sink.Start();
        var options = new ZeroMqSourceOptions { Channels = ["bar:1m"], Endpoint = sink.Endpoints["bar:"], Count = 1 };
        var source = _bus.Keep(new ZeroMqSource<Candle>(options, BusFixture.Context("candles"), _bus.Bus, _bus.Market, format));
        source.Start();
        BusFixture.Until(() => sink.HasSubscriber("bar:1m_WDOU25"), "the subscription must stand");
        var candle = new Candle { Sequence = 1, Symbol = 1, StartTime = Feed.Start, EndTime = Feed.Start + 60_000_000_000, Open = Scaled.One, Close = 2 * Scaled.One, Volume = 7 * Scaled.One };
        sink.Observe(Run<Candle>.Of([candle]));
        var output = new Output<Candle>();
        using var stop = new CancellationTokenSource(BusFixture.Patience);
        while (source.Read(output, 1, stop.Token))
        {
        }

        output.ToArray().ShouldHaveSingleItem().Volume.ShouldBe(7 * Scaled.One, "no field of the message may hide one of the candle");
    }

    [Fact]
    public void A_source_without_messages_sleeps()
    {
        _bus.Publisher(out var endpoint);
        var clock = new CountingClock();
        var options = new ZeroMqSourceOptions { Channels = ["tick"], Endpoint = endpoint, IdleEndMs = 400 };
        var source = _bus.Keep(new ZeroMqSource<MarketEvent>(options, BusFixture.Context("source", clock), _bus.Bus, _bus.Market, new MarketFormat(_bus.Market)));
        source.Start();
        source.Read(new Output<MarketEvent>(), 256, CancellationToken.None).ShouldBeFalse();

        // It looks at the clock each time it wakes: 20 times a second, where one that polls and naps would a thousand times.
        clock.Looks.ShouldBeInRange(2, 40);
    }

    [Fact]
    public void It_ends_by_count_by_idleness_and_when_asked_to()
    {
        var publisher = _bus.Publisher(out var endpoint);
        var output = new Output<MarketEvent>();
        var counted = _bus.Source(endpoint, new ZeroMqSourceOptions { Channels = ["tick"], Count = 2 });
        BusFixture.AwaitSubscriptions(publisher, SubscriptionsPerChannel);
        for (var i = 1; i <= 3; i++)
        {
            BusFixture.Send(publisher, "tick_WDOU25", BusFixture.Json(i));
        }

        using var never = new CancellationTokenSource(BusFixture.Patience);
        while (counted.Read(output, 1, never.Token))
        {
        }

        output.ToArray().Length.ShouldBe(2);

        var idle = _bus.Source(endpoint, new ZeroMqSourceOptions { Channels = ["tick"], IdleEndMs = 20 });
        idle.Read(output, 256, never.Token).ShouldBeFalse();
        never.IsCancellationRequested.ShouldBeFalse();

        using var stop = new CancellationTokenSource(20);
        _bus.Source(endpoint).Read(output, 256, stop.Token).ShouldBeFalse();
    }

    [Theory]
    [InlineData("""{"type":"tick","symbol":"WDOU25","timestamp":"08/08/2024 12:00:00.250","timestamp_ms":1,"trade_id":17,"price":5432.5,"volume":162975.0,"quantity":3,"buyer":3,"seller":72,"trade_type":2,"is_edit":true}""")]
    [InlineData("""{"symbol":"WDOU25","timestamp":"2024-08-08T12:00:00.250000","price":5432.5,"volume":3,"trade_type":2}""")]
    [InlineData("""{"symbol":"WDOU25","timestamp":"<TAssetID object at 0x7f>","timestamp_ms":1723118400250,"price":5432.5,"quantity":3,"trade_type":2}""")]
    public void Ticks_of_the_old_system_are_read_in_every_wording(string body)
    {
        var publisher = _bus.Publisher(out var endpoint);
        var source = _bus.Source(endpoint);
        BusFixture.AwaitSubscriptions(publisher, SubscriptionsPerChannel);
        BusFixture.Send(publisher, "tick_WDOU25", body);

        var tick = BusFixture.Read(source, 1).ShouldHaveSingleItem();
        tick.Kind.ShouldBe(EventKind.Trade);
        tick.EventTime.ShouldBe(1_723_118_400_250_000_000);
        tick.Price.ShouldBe(5432_50_000_000L);
        tick.Quantity.ShouldBe(3_00_000_000L);
        tick.Side.ShouldBe(Side.Buy);
    }

    private sealed class CountingClock : TimeProvider
    {
        public int Looks { get; private set; }

        public override long GetTimestamp()
        {
            Looks++;
            return base.GetTimestamp();
        }
    }
}
