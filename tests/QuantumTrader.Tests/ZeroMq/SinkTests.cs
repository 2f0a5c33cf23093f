using System.Text;
using System.Text.Json;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Market;
using QuantumTrader.Tests.Storage.Valkey;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.Tests.ZeroMq;

public sealed class SinkTests : IDisposable
{
    private readonly BusFixture _bus = new();

    public void Dispose() => _bus.Dispose();

    private static JsonElement Json(byte[] body) => JsonDocument.Parse(body).RootElement;

    [Fact]
    public void A_message_is_a_topic_and_a_numbered_body()
    {
        var sink = _bus.Sink();
        var subscriber = _bus.Subscriber(sink.Endpoints["tick"], "tick_");
        BusFixture.Until(() => sink.HasSubscriber("tick_WDOU25"), "the subscription must stand");
        var trades = BusFixture.Trades(2);
        trades[1].ReceiveTime = trades[1].EventTime + 1500;
        BusFixture.Observe(sink, trades);

        var first = BusFixture.Receive(subscriber);
        Encoding.UTF8.GetString(first[0]).ShouldBe("tick_WDOU25");
        var body = Json(first[1]);
        body.GetProperty("version").GetInt32().ShouldBe(1);
        body.GetProperty("symbol").GetString().ShouldBe("WDOU25");
        body.GetProperty("ts_us").GetInt64().ShouldBe(trades[0].EventTime / 1000);
        body.GetProperty("seq").GetInt64().ShouldBe(1);
        body.GetProperty("price").GetDecimal().ShouldBe(5001);
        body.TryGetProperty("recv_us", out _).ShouldBeFalse();
        var second = Json(BusFixture.Receive(subscriber)[1]);
        second.GetProperty("seq").GetInt64().ShouldBe(2);
        second.GetProperty("recv_us").GetRawText().ShouldBe($"{(trades[1].EventTime / 1000) + 1}.5");
    }

    [Fact]
    public void Each_topic_counts_for_itself()
    {
        var sink = _bus.Sink();
        var subscriber = _bus.Subscriber(sink.Endpoints["tick"], "tick_");
        BusFixture.Until(() => sink.HasSubscriber("tick_WDO"), "the subscription must stand");
        BusFixture.Observe(sink, [.. BusFixture.Trades(2, symbol: 1), .. BusFixture.Trades(1, symbol: 2), .. BusFixture.Trades(1, symbol: 1)]);

        var messages = Enumerable.Range(0, 4).Select(_ => BusFixture.Receive(subscriber)).Select(m => $"{Encoding.UTF8.GetString(m[0])} {Json(m[1]).GetProperty("seq")}");
        messages.ShouldBe(["tick_WDOU25 1", "tick_WDOU25 2", "tick_WDO 1", "tick_WDOU25 3"]);
    }

    [Fact]
    public void What_does_not_fit_into_the_queue_is_counted_and_never_waited_for()
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { Queue = 16, Channels = ["tick"] });
        BusFixture.Observe(sink, BusFixture.Trades(100_000), runLength: 10_000);
        sink.Complete();

        var report = BusFixture.Report(sink).Channels["tick"];
        var full = report.Dropped["queue_full"];
        full.ShouldBeGreaterThan(0);
        (report.Published + full).ShouldBe(100_000);
        sink.Accounts.Dropped["queue_full"].ShouldBe(full);
    }

    [Theory]
    [InlineData(BusFormat.Json, 1)]
    [InlineData(BusFormat.Binary, 32)]
    public void When_the_publisher_fails_every_event_that_it_did_not_send_is_counted(BusFormat format, int frameEvents)
    {
        const int count = 1000;
        const int failsAt = 500;
        var options = new ZeroMqSinkOptions { Endpoint = BusFixture.Anywhere, Channels = ["tick"], Format = format, FrameEvents = frameEvents, HeartbeatSeconds = 0 };
        var sink = _bus.Keep(new ZeroMqSink<MarketEvent>(options, BusFixture.Context("sink"), _bus.Bus, _bus.Market, new BrokenFormat(new MarketFormat(_bus.Market), failsAt)));
        sink.Start();
        BusFixture.Observe(sink, BusFixture.Trades(count));
        BusFixture.Until(() => sink.Waiting == 0, "nothing may wait for ever");
        BusFixture.Observe(sink, [.. BusFixture.Trades(10), Feed.Quote(1, 5000, 5000.5)]);
        sink.Complete();

        var report = BusFixture.Report(sink).Channels["tick"];
        report.Published.ShouldBeInRange(1, failsAt - 1);
        report.Dropped.Keys.ShouldBe(["stopped"]);
        (report.Published + report.Dropped["stopped"]).ShouldBe(count + 10);
        sink.Accounts.Dropped.ShouldBe(new Dictionary<string, long> { ["not_published"] = 1, ["stopped"] = report.Dropped["stopped"] });
        sink.Accounts.Notes.ShouldHaveSingleItem().Code.ShouldBe("publisher_failed");
    }

    [Theory]
    [InlineData(SlowSubscriber.Skip)]
    [InlineData(SlowSubscriber.DropForAll)]
    public void A_subscriber_that_never_reads_is_counted_and_stops_nobody(SlowSubscriber policy)
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { HighWater = 4000, SlowSubscriber = policy, HeartbeatSeconds = 0 });
        var stuck = _bus.Subscriber(sink.Endpoints["tick"], "tick_WDOU25", highWater: 1);
        var good = _bus.Source(sink.Endpoints["tick"]);
        BusFixture.Until(() => sink.HasSubscriber("heartbeat_tick_WDO"), "the source must have subscribed");
        BusFixture.Until(() => BusFixture.Report(sink).Connected == 2, "both must be connected");

        // In bursts that the good subscriber takes before the next, so that only the other can be slow.
        const int burst = 1000;
        var trades = BusFixture.Trades(burst);
        var published = 0L;
        for (var i = 0; i < 400 && !BusFixture.Report(sink).Channels["tick"].Dropped.ContainsKey("slow_subscriber"); i++)
        {
            BusFixture.Observe(sink, trades);
            BusFixture.Until(() => sink.Waiting == 0, "the publisher must go on");
            published = BusFixture.Report(sink).Channels["tick"].Published;
            BusFixture.ReadUntil(good, r => r.Events == published);
        }

        BusFixture.Observe(sink, trades);
        sink.Complete();
        var report = BusFixture.Report(sink).Channels["tick"];
        report.Dropped["slow_subscriber"].ShouldBeGreaterThan(0);
        var source = BusFixture.ReadUntil(good, r => r.Events == report.Published);
        if (policy == SlowSubscriber.Skip)
        {
            source.Missing.ShouldBe(0, "who keeps up misses nothing");
            (report.Published % burst).ShouldBe(0);
        }
        else
        {
            ((report.Published + report.Dropped["slow_subscriber"]) % burst).ShouldBe(0, "every event was sent to all or counted");
        }

        stuck.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Each_subscriber_that_falls_behind_is_counted_also_after_another_did(bool onePart)
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { Channels = ["tick"], OnePart = onePart, HighWater = 1000, HeartbeatSeconds = 0 });
        var trades = BusFixture.Trades(1000);
        for (var connected = 1; connected <= 3; connected++)
        {
            var before = Slow();
            _bus.Subscriber(sink.Endpoints["tick"], "tick_WDOU25", highWater: 1);
            BusFixture.Until(() => BusFixture.Report(sink).Connected == connected, "it must be connected");
            for (var i = 0; i < 1000 && Slow() == before; i++)
            {
                BusFixture.Observe(sink, trades);
                BusFixture.Until(() => sink.Waiting == 0, "the publisher must go on");
            }

            Slow().ShouldBeGreaterThan(before, $"subscriber {connected} never reads");
        }

        long Slow() => BusFixture.Report(sink).Channels["tick"].Dropped.GetValueOrDefault("slow_subscriber");
    }

    [Fact]
    public void The_report_has_messages_bytes_latency_and_connections()
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { Format = BusFormat.Binary });
        var subscriber = _bus.Subscriber(sink.Endpoints["tick"], "tick_");
        BusFixture.Until(() => sink.HasSubscriber("tick_WDO"), "the subscription must stand");
        BusFixture.Observe(sink, BusFixture.Trades(2));
        BusFixture.Receive(subscriber);
        var bytes = BusFixture.Receive(subscriber).Sum(f => f.Length);
        subscriber.Dispose();

        BusFixture.Until(() => BusFixture.Report(sink).Disconnected == 1, "the loss must be counted");
        BusFixture.Until(() => !sink.HasSubscriber("tick_WDO"), "its subscription went with it");
        var report = BusFixture.Report(sink);
        report.Messages.ShouldBe(2);
        report.Bytes.ShouldBe(2 * bytes);
        report.Connected.ShouldBe(1);
        report.LatencyP50.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void New_subscribers_are_taken_in_while_the_queue_is_never_empty()
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { Format = BusFormat.Binary, Channels = ["tick"] });
        var trades = BusFixture.Trades(256);
        using var stop = new CancellationTokenSource();
        var flood = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                BusFixture.Observe(sink, trades);
            }
        });
        BusFixture.Until(() => BusFixture.Report(sink).Channels["tick"].Dropped.ContainsKey("queue_full"), "the queue must be full");
        var subscriber = _bus.Subscriber(sink.Endpoints["tick"], "tick_");
        BusFixture.Receive(subscriber).Count.ShouldBe(2);
        stop.Cancel();
        flood.Wait(BusFixture.Patience).ShouldBeTrue();
    }

    [Fact]
    public void The_start_can_wait_for_subscribers_but_not_for_ever()
    {
        var endpoint = $"tcp://127.0.0.1:{ValkeyServer.FreePort()}";
        _bus.Subscriber(endpoint, "tick_");
        _bus.Sink(new ZeroMqSinkOptions { Endpoint = endpoint, AwaitSubscribersSeconds = BusFixture.Patience.TotalSeconds }).HasSubscriber("tick_WDOU25").ShouldBeTrue();

        var alone = _bus.Sink(new ZeroMqSinkOptions { AwaitSubscribersSeconds = 0.01 });
        alone.Accounts.Notes.ShouldHaveSingleItem().Code.ShouldBe("no_subscriber");
    }

    [Fact]
    public void The_end_waits_until_subscribers_have_what_was_sent()
    {
        const int count = 200_000;
        var publishing = new BusFixture();
        var sink = publishing.Sink(new ZeroMqSinkOptions { Queue = 2 * count, HighWater = 2 * count, LingerMs = 20_000, HeartbeatSeconds = 0 });
        // It takes little on its own account, so that most of it still waits at the publisher when that ends.
        var subscriber = _bus.Subscriber(sink.Endpoints["tick"], "tick_", highWater: 1000);
        BusFixture.Until(() => sink.HasSubscriber("tick_WDO"), "the subscription must stand");
        BusFixture.Observe(sink, BusFixture.Trades(count));
        sink.Complete();
        var end = Task.Run(publishing.Dispose);

        for (var i = 0; i < count; i++)
        {
            BusFixture.Receive(subscriber);
        }

        end.Wait(BusFixture.Patience).ShouldBeTrue();
    }

    [Fact]
    public void The_end_tells_the_last_number_of_a_topic()
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { Channels = ["tick"], HeartbeatSeconds = 3600 });
        var subscriber = _bus.Subscriber(sink.Endpoints["tick"], "heartbeat_");
        BusFixture.Until(() => sink.HasSubscriber("heartbeat_tick_WDOU25"), "the subscription must stand");
        BusFixture.Observe(sink, BusFixture.Trades(3));
        sink.Complete();

        Json(BusFixture.Receive(subscriber)[1]).GetProperty("seq").GetInt64().ShouldBe(3);
    }

    [Fact]
    public void Several_events_of_a_topic_share_a_frame_and_the_rest_is_not_held_back()
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { Format = BusFormat.Binary, FrameEvents = 32, OnePart = true });
        var subscriber = _bus.Subscriber(sink.Endpoints["tick"], "tick_");
        BusFixture.Until(() => sink.HasSubscriber("tick_WDO"), "the subscription must stand");
        var trades = BusFixture.Trades(70);
        BusFixture.Observe(sink, trades);

        var seen = 0;
        while (seen < 70)
        {
            var frame = BusFixture.Receive(subscriber).ShouldHaveSingleItem();
            var body = frame.AsSpan("tick_WDOU25 ".Length);
            BinaryFrame.TryRead(body, out var events, out var count, out var number).ShouldBeTrue();
            number.ShouldBe(seen + 1);
            count.ShouldBeLessThanOrEqualTo(32);
            events.SequenceEqual(Feed.Bytes(trades[seen..(seen + count)])).ShouldBeTrue();
            seen += count;
        }

        BusFixture.Report(sink).Messages.ShouldBeInRange(3, 70);
    }

    [Fact]
    public void An_event_that_cannot_be_published_is_kept_as_a_sample_and_costs_nothing_else()
    {
        var sink = _bus.Sink();
        var subscriber = _bus.Subscriber(sink.Endpoints["tick"], "tick_");
        BusFixture.Until(() => sink.HasSubscriber("tick_WDO"), "the subscription must stand");
        var trades = BusFixture.Trades(3);
        trades[1].Symbol = 77;
        BusFixture.Observe(sink, trades);

        Json(BusFixture.Receive(subscriber)[1]).GetProperty("seq").GetInt64().ShouldBe(1);
        Json(BusFixture.Receive(subscriber)[1]).GetProperty("seq").GetInt64().ShouldBe(2);
        sink.Accounts.DeadLetters.ShouldHaveSingleItem().Reason.ShouldBe("bad_event");
        BusFixture.Report(sink).Channels["tick"].Dropped["bad_event"].ShouldBe(1);
    }

    [Theory]
    [InlineData(Dialect.Classic, """{"type":"tick","symbol":"WDOU25","timestamp":"08/08/2024 00:00:00.001","timestamp_ms":1723075200001,"trade_id":1,"price":5001,"volume":50010,"quantity":1,"buyer":0,"seller":0,"is_edit":false,"trade_type":3,"seq":1}""")]
    [InlineData(Dialect.Hmarl, """{"symbol":"WDOU25","timestamp":"2024-08-08T00:00:00.001000","price":5001,"volume":1,"trade_type":3,"seq":1}""")]
    public void Old_dialects_have_the_old_names_and_the_time_of_the_event(Dialect dialect, string expected)
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { Dialect = dialect });
        var subscriber = _bus.Subscriber(sink.Endpoints["tick"], "tick_");
        BusFixture.Until(() => sink.HasSubscriber("tick_WDO"), "the subscription must stand");
        BusFixture.Observe(sink, BusFixture.Trades(1));

        Encoding.UTF8.GetString(BusFixture.Receive(subscriber)[1]).ShouldBe(expected);
    }

    [Fact]
    public void In_the_old_dialect_a_quote_is_two_levels_at_position_0()
    {
        var sink = _bus.Sink(new ZeroMqSinkOptions { Dialect = Dialect.Classic });
        var subscriber = _bus.Subscriber(sink.Endpoints["tick"], "quote_");
        BusFixture.Until(() => sink.HasSubscriber("quote_WDO"), "the subscription must stand");
        BusFixture.Observe(sink, [Feed.Quote(1, 5000, 5000.5), Feed.Clock(2) with { Symbol = 1 }]);

        var levels = Enumerable.Range(0, 2).Select(_ => Json(BusFixture.Receive(subscriber)[1])).Select(l => $"{l.GetProperty("side")} {l.GetProperty("position")} {l.GetProperty("price")}");
        levels.ShouldBe(["0 0 5000", "1 0 5000.5"]);
        sink.Complete();
        BusFixture.Report(sink).Channels["clock"].Dropped["not_in_dialect"].ShouldBe(1);
    }

    [Fact]
    public void Any_event_type_is_published_by_its_format()
    {
        var format = new CandleFormat(_bus.Market);
        using var sink = new ZeroMqSink<Candle>(new ZeroMqSinkOptions { Endpoint = BusFixture.Anywhere }, BusFixture.Context("bars"), _bus.Bus, _bus.Market, format);
        sink.Start();
        var subscriber = _bus.Subscriber(sink.Endpoints["bar:"], "bar:1m_");
        BusFixture.Until(() => sink.HasSubscriber("bar:1m_WDOU25"), "the subscription must stand");
        sink.Observe(Run<Candle>.Of([new Candle { Sequence = 9, Symbol = 1, StartTime = Feed.Start, EndTime = Feed.Start + 60_000_000_000, Open = Scaled.One, Close = 3 * Scaled.One / 2 }]));

        var message = BusFixture.Receive(subscriber);
        Encoding.UTF8.GetString(message[0]).ShouldBe("bar:1m_WDOU25");
        Json(message[1]).GetProperty("c").GetDecimal().ShouldBe(1.5m);
        Json(message[1]).GetProperty("seq").GetInt64().ShouldBe(1, "numbered by topic, not by pipeline");
    }

    [Theory]
    [InlineData("format")]
    [InlineData("frame_events")]
    [InlineData("dialect")]
    [InlineData("connect")]
    [InlineData("channels")]
    public void Options_that_do_not_fit_each_other_are_refused(string option)
    {
        var options = option switch
        {
            "frame_events" => new ZeroMqSinkOptions { FrameEvents = 2 },
            "dialect" => new ZeroMqSinkOptions { Format = BusFormat.Binary, Dialect = Dialect.Classic },
            "connect" => new ZeroMqSinkOptions { Connect = true },
            "channels" => new ZeroMqSinkOptions { Channels = ["ticks"] },
            _ => new ZeroMqSinkOptions { Format = BusFormat.Binary },
        };
        var refused = Should.Throw<ConfigurationException>(() =>
        {
            using Block sink = option == "format"
                ? new ZeroMqSink<Candle>(options, BusFixture.Context("s"), _bus.Bus, _bus.Market, new CandleFormat(_bus.Market))
                : new ZeroMqSink<MarketEvent>(options, BusFixture.Context("s"), _bus.Bus, _bus.Market, new MarketFormat(_bus.Market));
        });
        refused.Option.ShouldBe(option);
    }

    [Fact]
    public void A_port_in_use_ends_the_start_with_what_to_do()
    {
        var publisher = _bus.Publisher(out var endpoint);
        var refused = Should.Throw<ConfigurationException>(() => _bus.Sink(new ZeroMqSinkOptions { Endpoint = endpoint }));
        refused.Message.ShouldStartWith($"Cannot publish on {endpoint}: zmq_bind {endpoint} failed: Address already in use");
        refused.Message.ShouldEndWith("Another process listens there: end it, or choose another port in the section bus.");
        refused.Outside.ShouldBeTrue();
        publisher.Dispose();
    }

    /// <summary>Breaks an invariant at one event, once.</summary>
    private sealed class BrokenFormat(MarketFormat inner, long failsAt) : EventFormat<MarketEvent>
    {
        private bool _hasFailed;

        public override IReadOnlyList<string> Fields => inner.Fields;

        public override IReadOnlyList<string> Channels => inner.Channels;

        public override void Write(in MarketEvent value, IFieldWriter fields) => inner.Write(in value, fields);

        public override MarketEvent Read(IFieldReader fields) => inner.Read(fields);

        public override EventAddress AddressOf(in MarketEvent value)
        {
            if (value.Sequence == failsAt && !_hasFailed)
            {
                _hasFailed = true;
                throw new InvalidOperationException("Invariant: broken.");
            }

            return inner.AddressOf(in value);
        }

        // Ends before the broken event, so that a message is partly filled when that comes.
        public override int Stretch(ReadOnlySpan<MarketEvent> events, out EventAddress first, out EventAddress last)
        {
            var length = 1;
            while (length < events.Length && events[length].Sequence != failsAt)
            {
                length++;
            }

            AddressOf(in events[0]);
            return inner.Stretch(events[..length], out first, out last);
        }
    }
}
