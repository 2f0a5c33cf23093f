using System.Text.Json;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Market.Sources;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.App;
using Drive = QuantumTrader.Tests.Market.Feed;

namespace QuantumTrader.Tests.Market.Sources;

/// <summary>A live source against an exchange on the loopback, which replays real recordings and misbehaves.</summary>
public sealed class WebSocketSourceTests : IDisposable
{
    private const string Trade = """{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,"T":1723161256321,"s":"BTCUSDT","t":7,"p":"61800.30","q":"0.006","X":"MARKET","m":false}}""";
    private const string SpotQuote = """{"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}}""";

    private readonly ExchangeServer _server = new();
    private readonly List<WebSocketSource> _sources = [];
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(30));
    private readonly List<MarketEvent> _events = [];
    private readonly Output<MarketEvent> _output = new();
    private readonly MarketContext _market = Feed.Market("BTCUSDT");

    public void Dispose()
    {
        _sources.ForEach(s => s.Dispose());
        _server.Dispose();
        _deadline.Dispose();
    }

    private static string TradeOf(int number) => Trade.Replace("\"t\":7", $"\"t\":{number}", StringComparison.Ordinal);

    private WebSocketOptions Options => new()
    {
        Url = _server.Url, DepthUrl = _server.DepthUrl, BackoffMs = 5, MaxBackoffMs = 40, TimeoutMs = 5_000,
    };

    private WebSocketSource Open(Func<WebSocketOptions, WebSocketOptions>? change = null)
    {
        var source = new WebSocketSource(change?.Invoke(Options) ?? Options, _market, Feed.Context());
        _sources.Add(source);
        source.Start();
        return source;
    }

    private void ReadUntil(WebSocketSource source, Func<bool> condition, string what)
    {
        while (!condition())
        {
            source.Read(_output, 256, _deadline.Token).ShouldBeTrue($"{what}: {JsonSerializer.Serialize(Report(source))} {string.Join('\n', source.Accounts.Notes)}");
            _events.AddRange(_output.ToArray());
        }
    }

    private static LiveSymbolReport Symbol(WebSocketSource source) => ((WebSocketReport)source.Report()).Symbols["BTCUSDT"];

    private static WebSocketReport Report(WebSocketSource source) => (WebSocketReport)source.Report();

    private static IReadOnlyList<string> Lines(string market, int count) => [.. Recordings.GzipLines($"binance/{market}/btcusdt_20240808.gz").Take(count)];

    // Plays a recording with faults and checks what must hold after any of them.
    private WebSocketSource Survive(string market, int lines, Action<RecordedExchange, WebSocketSource> play, Func<WebSocketOptions, WebSocketOptions>? change = null)
    {
        var exchange = new RecordedExchange(_server, Lines(market, lines));
        var source = Open(change);
        _server.AwaitSubscription();
        // On a thread of its own: it waits for the source, whose connections need those of the pool.
        var playing = Task.Factory.StartNew(
            () =>
            {
                play(exchange, source);
                exchange.Play(int.MaxValue);
            }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        var builder = new BookBuilder();
        var (seen, last) = (0, 0L);
        var (undisturbed, trades) = Undisturbed(exchange.Lines);
        ReadUntil(source, () =>
        {
            for (; seen < _events.Count; seen++)
            {
                var e = _events[seen];
                builder.Process(in e);
                last = e.Kind == EventKind.Trade ? Math.Max(last, e.TradeNumber) : last;
            }

            return exchange.Left == 0 && last == trades[^1] && Symbol(source).HasBook && IsSame(builder, undisturbed);
        }, "the source must catch up");
        playing.GetAwaiter().GetResult();

        _events.ToArray().ShouldBeNumberedFromOne();
        var normalize = new NormalizeOperator(new NormalizeOptions { MaxLatenessMs = 150 }, _market);
        var normalized = normalize.Drive([.. _events]);
        IsSame(BookOf(normalized), undisturbed).ShouldBeTrue("the book behind the normalizer is that of the recording");
        normalize.Accounts.Dropped.Keys.ShouldNotContain("duplicate", "the source itself drops what comes twice");

        // Each trade came once, or is counted as missing.
        var came = _events.Where(e => e.Kind == EventKind.Trade).Select(e => e.TradeNumber).ToArray();
        came.Distinct().Count().ShouldBe(came.Length);
        came.ShouldBe(came.Order());
        (came.Length + Symbol(source).MissingTrades).ShouldBe(trades[^1] - came[0] + 1);
        return source;
    }

    private (BookBuilder Book, long[] Trades) Undisturbed(IReadOnlyList<string> lines)
    {
        using var folder = new TemporaryFolder();
        using var capture = new CaptureSource(new CaptureOptions { Path = [folder.Write("recording", [.. lines])] }, _market, Feed.Context());
        var events = Feed.ReadAll(capture);
        return (BookOf(new NormalizeOperator(new NormalizeOptions { MaxLatenessMs = 150 }, _market).Drive(events)), [.. events.Of(EventKind.Trade).Select(e => e.TradeNumber)]);
    }

    private static BookBuilder BookOf(MarketEvent[] events)
    {
        var builder = new BookBuilder();
        foreach (ref readonly var e in events.AsSpan())
        {
            builder.Process(in e);
        }

        return builder;
    }

    private static bool IsSame(BookBuilder builder, BookBuilder expected)
    {
        return builder.IsValid && expected.IsValid && Levels(builder.Book).SequenceEqual(Levels(expected.Book));

        static PriceLevel[] Levels(OrderBook book)
        {
            var levels = new PriceLevel[book.BidCount + book.AskCount];
            book.CopyBids(levels);
            book.CopyAsks(levels.AsSpan(book.BidCount));
            return levels;
        }
    }

    [DataTheory]
    [InlineData("spot")]
    [InlineData("usdm")]
    public void What_is_streamed_becomes_the_events_of_the_recording(string market)
    {
        using var folder = new TemporaryFolder();
        using var capture = new CaptureSource(new CaptureOptions { Path = [folder.Write("recording", [.. Lines(market, 5_000)])] }, _market, Feed.Context());
        var recorded = Feed.ReadAll(capture).Where(e => !e.Has(EventFlags.Snapshot)).ToArray();
        var start = DateTime.UtcNow;
        var source = Survive(market, 5_000, (_, _) => { });
        ReadUntil(source, () => Streamed().Length + source.Accounts.DroppedTotal >= recorded.Length, "the quotes behind the last trade must come too");

        var report = Symbol(source);
        (report.MissingTrades, report.DepthGaps, report.Snapshots).ShouldBe((0, 0, 1));
        source.Accounts.Dropped.Keys.ShouldBeSubsetOf(["no_time"]);
        _events.ShouldAllBe(e => e.ReceiveTime >= (start - DateTime.UnixEpoch).Ticks * 100 && e.ReceiveTime <= (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100);
        var live = Streamed();
        Drive.Bytes([.. live.Select(e => e with { Sequence = 0, ReceiveTime = 0 })])
            .ShouldBe(Drive.Bytes([.. recorded.Skip(recorded.Length - live.Length).Select(e => e with { Sequence = 0, ReceiveTime = 0 })]));
        (recorded.Length - live.Length).ShouldBe((int)source.Accounts.DroppedTotal);

        MarketEvent[] Streamed() => [.. _events.Where(e => !e.Has(EventFlags.Snapshot))];
    }

    [DataTheory]
    [InlineData("spot")]
    [InlineData("usdm")]
    public void A_connection_that_is_cut_inside_a_frame_is_made_again(string market)
    {
        var source = Survive(market, 6_000, (exchange, _) =>
        {
            for (var cut = 0; cut < 3; cut++)
            {
                exchange.Play(1_500);
                _server.SendHalfAndCut(exchange.Take());
                exchange.Play(200);
                _server.AwaitSubscription();
            }
        });
        var report = Report(source);
        (report.Connections, report.Disconnections).ShouldBe((4, 3));
        source.Accounts.NoteCounts["disconnected"].ShouldBe(3);
        Symbol(source).MissingTrades.ShouldBeGreaterThan(0);
        Symbol(source).DepthGaps.ShouldBeGreaterThan(0);
        source.Accounts.NoteCounts["trade_gap"].ShouldBeGreaterThan(0);
    }

    [DataTheory]
    [InlineData("spot")]
    [InlineData("usdm")]
    public void Updates_that_were_lost_are_made_up_for_by_a_full_book(string market)
    {
        var source = Survive(market, 5_000, (exchange, live) =>
        {
            exchange.Play(600);
            ExchangeServer.Until(() => Symbol(live).HasBook, "the first full book must come");
            for (var gap = 1; gap <= 3; gap++)
            {
                exchange.Play(500, RecordedExchange.IsDepth);
                exchange.Play(700);
                var gaps = gap;
                ExchangeServer.Until(() => Symbol(live) is { HasBook: true } s && s.DepthGaps == gaps, "the gap must be found and filled");
            }
        });
        (Symbol(source).DepthGaps, Symbol(source).MissingTrades).ShouldBe((3, 0));
        Symbol(source).Snapshots.ShouldBe(4);
        source.Accounts.NoteCounts["depth_gap"].ShouldBe(3);
    }

    [DataTheory]
    [InlineData("spot")]
    [InlineData("usdm")]
    public void A_full_book_that_is_late_too_old_refused_or_broken_is_asked_for_again(string market)
    {
        var answers = new Queue<(string Status, string Body)>(
        [
            ("503 Service Unavailable", "try later"),
            ("200 OK", "<html>"),
            ("200 OK", """{"lastUpdateId":5,"bids":[["1","1"]],"asks":[["2","1"]]}"""),
        ]);
        using var release = new ManualResetEventSlim();
        var source = Survive(market, 5_000, (exchange, live) =>
        {
            var book = _server.Book;
            _server.Book = () =>
            {
                if (answers.TryDequeue(out var answer))
                {
                    return answer;
                }

                // What it answers is of now, but takes its time.
                var late = book();
                release.Wait(20_000);
                return late;
            };
            exchange.Play(2_000);
            ExchangeServer.Until(() => _server.BookRequests == 4, "it must ask again after each failure");
            exchange.Play(1_000);
            release.Set();
        });
        (Symbol(source).FailedSnapshots, Symbol(source).Snapshots, Symbol(source).DepthGaps).ShouldBe((3, 1, 0));
        source.Accounts.NoteCounts["snapshot_failed"].ShouldBe(3);
        source.Accounts.Dropped["broken_snapshot"].ShouldBe(1);
    }

    [DataFact]
    public void What_cannot_be_read_is_counted_and_loses_nothing_else()
    {
        const int huge = 300_000;
        string[] garbage = ["not json", "", "[]", "{}", "{\"stream\":", """{"stream":"btcusdt@kline_1m","data":{}}""", """{"stream":"btcusdt@trade","data":{"p":"x"}}""", """{"lastUpdateId":5,"bids":[],"asks":[]}""", """{"result":null,"id":99}""", new string('x', huge)];
        var source = Survive("spot", 3_000, (exchange, _) =>
        {
            foreach (var message in garbage)
            {
                exchange.Play(200);
                _server.Send(message);
            }
        }, o => o with { MaxMessageBytes = 131_072 });
        (Symbol(source).MissingTrades, Symbol(source).DepthGaps, Report(source).Disconnections).ShouldBe((0, 0, 0));
        source.Accounts.Dropped.Where(d => d.Key != "no_time").ShouldBe(
            [new("broken_message", 5), new("message_too_long", 1), new("unknown_stream", 4)]);
    }

    [DataFact]
    public void An_exchange_that_restarts_closes_or_falls_silent_is_connected_again()
    {
        var source = Survive("usdm", 5_000, (exchange, live) =>
        {
            exchange.Play(1_000);
            _server.Stop();
            exchange.Play(100);
            ExchangeServer.Until(() => Report(live).FailedConnections > 0, "nobody is there");
            _server.Restart();
            _server.AwaitSubscription();
            exchange.Play(1_000);
            _server.SendClose();
            ExchangeServer.Until(() => _server.Connections == 3, "it must come back behind a goodbye");
            _server.AwaitSubscription();
            exchange.Play(1_000);
            ExchangeServer.Until(() => _server.Connections == 4, "it must come back behind silence");
            _server.AwaitSubscription();
        }, o => o with { SilenceMs = 700 });
        Report(source).Disconnections.ShouldBe(3);
        source.Accounts.Notes.Select(n => n.Message).ShouldContain(m => m.Contains("nothing came for 700 ms", StringComparison.Ordinal));
    }

    [DataFact]
    public void A_connection_is_replaced_in_time_without_losing_or_repeating_anything()
    {
        var source = Survive("spot", 6_000, (exchange, live) =>
        {
            while (exchange.Left > 100 && Report(live).Connections < 4)
            {
                exchange.Play(5);
                SpinWait.SpinUntil(() => Report(live).Connections >= 4, 1);
            }
        }, o => o with { RenewHours = 0.00003 });
        Report(source).Connections.ShouldBeGreaterThanOrEqualTo(3);
        (Symbol(source).MissingTrades, Symbol(source).DepthGaps, Report(source).Disconnections).ShouldBe((0, 0, 0));
    }

    [Fact]
    public void What_a_replaced_connection_still_brings_comes_before_what_its_successor_brought_already()
    {
        var source = Open(o => o with { Streams = ["trade"], RenewHours = 0.0003 });
        _server.AwaitSubscription();
        _server.BeforeGoodbye = () =>
        {
            // The newer connection is ahead, and its messages were read long before the older one's.
            _server.SendTo(2, TradeOf(8));
            _server.SendTo(2, TradeOf(9));
            _server.SendPingTo(2, "read");
            ExchangeServer.Until(() => _server.Pongs.Contains("read"), "the newer connection must be read");
            _server.SendTo(1, TradeOf(7));
            _server.SendTo(1, TradeOf(8));
        };

        ReadUntil(source, () => _events.Count == 3, "all of them must come");
        _events.Select(e => e.TradeNumber).ShouldBe([7, 8, 9]);
        source.Accounts.Dropped.ShouldBe([new("repeat", 1)]);
        Symbol(source).MissingTrades.ShouldBe(0);
    }

    [Fact]
    public void What_comes_twice_is_sent_once()
    {
        var source = Open(o => o with { Streams = ["trade", "bookTicker"] });
        _server.AwaitSubscription();
        foreach (var message in new[] { SpotQuote, Trade, Trade, SpotQuote, SpotQuote, Trade.Replace("\"t\":7", "\"t\":9", StringComparison.Ordinal) })
        {
            _server.Send(message);
        }

        ReadUntil(source, () => _events.Count == 3, "three of them are new");
        _events.Select(e => e.Kind).ShouldBe([EventKind.Trade, EventKind.Quote, EventKind.Trade]);
        source.Accounts.Dropped.ShouldBe([new("no_time", 1), new("repeat", 2)]);
        Symbol(source).MissingTrades.ShouldBe(1);
    }

    [Fact]
    public void Pings_are_answered_and_an_exchange_that_answers_none_is_connected_again()
    {
        var source = Open(o => o with { PingMs = 50, PongMs = 100 });
        _server.AwaitSubscription();
        _server.SendPing("beat");
        ExchangeServer.Until(() => _server.Pongs.Contains("beat"), "a ping must be answered with its own content");
        _server.Connections.ShouldBe(1);
        _server.AnswersPings = false;
        ExchangeServer.Until(() => _server.Connections >= 2, "a connection without life must be made again");
        source.Accounts.NoteCounts["disconnected"].ShouldBeGreaterThan(0);
    }

    [Fact]
    public void It_subscribes_in_the_exchanges_names_in_parts()
    {
        var market = MarketContext.Of(new TradingCalendar(), [.. Enumerable.Range(0, 26).Select(i => new Instrument($"C{i}", 1m, 1m, 1m))]);
        using var source = new WebSocketSource(Options with { Streams = ["trade", "depth@100ms"], SymbolMap = new Dictionary<string, string> { ["BTCUSDT"] = "C0" } }, market, Feed.Context());
        source.Start();
        ExchangeServer.Until(() => _server.Requests.Count == 2, "52 streams are two requests");
        var streams = _server.Requests.SelectMany(r => JsonDocument.Parse(r).RootElement.GetProperty("params").EnumerateArray().Select(p => p.GetString())).ToArray();
        streams.Length.ShouldBe(52);
        streams.Take(4).ShouldBe(["btcusdt@trade", "btcusdt@depth@100ms", "c1@trade", "c1@depth@100ms"]);
    }

    [Fact]
    public void A_refused_subscription_is_tried_again_and_ends_the_run_in_the_end()
    {
        _server.Answer = """{"error":{"code":2,"msg":"Invalid request"},"id":{0}}""";
        var source = Open(o => o with { MaxFailures = 3 });
        var error = Should.Throw<IOException>(() => ReadUntil(source, () => false, "it must fail"));
        error.Message.ShouldContain("Invalid request");
        error.Message.ShouldContain("3 times in a row");
        source.Accounts.NoteCounts["connect_failed"].ShouldBe(3);
    }

    [Fact]
    public void A_subscription_that_is_not_answered_is_tried_again()
    {
        _server.Answer = null;
        Open(o => o with { TimeoutMs = 100 });
        ExchangeServer.Until(() => _server.Connections >= 2, "it must try again");
    }

    [Fact]
    public void A_full_book_that_never_comes_ends_the_run()
    {
        var source = Open(o => o with { MaxFailures = 3 });
        _server.AwaitSubscription();
        _server.Send("""{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,"u":50093239202,"b":[["61737.63000000","0.00000000"]],"a":[]}}""");
        Should.Throw<IOException>(() => ReadUntil(source, () => false, "it must fail")).Message.ShouldContain("404");
    }

    [Fact]
    public void What_finds_no_room_is_counted_and_the_socket_is_read_on()
    {
        var source = Open(o => o with { Streams = ["trade"], MaxWaitingBytes = 65_536 });
        _server.AwaitSubscription();
        for (var number = 1; number <= 2_000; number++)
        {
            _server.Send(TradeOf(number));
        }

        _server.SendPing("end");
        ExchangeServer.Until(() => _server.Pongs.Contains("end"), "all must be read although nobody takes it");
        ReadUntil(source, () => Report(source).Waiting == 0 && _events.Count > 0, "what waited must come");
        _events.Count.ShouldBeInRange(200, 400);
        source.Accounts.Dropped["queue_full"].ShouldBe(2_000 - _events.Count);
    }

    [Fact]
    public void A_full_book_is_asked_for_now_and_then()
    {
        _server.Book = () => ("200 OK", """{"lastUpdateId":100,"bids":[["1","1"]],"asks":[["2","1"]]}""");
        var source = Open(o => o with { RefreshMinutes = 0.001 });
        _server.AwaitSubscription();
        var id = 100;
        using var sending = new Timer(_ => _server.Send($$$"""{"stream":"btcusdt@depth@100ms","data":{"E":1723161255208,"s":"BTCUSDT","U":{{{++id}}},"u":{{{id}}},"b":[],"a":[]}}"""), null, 0, 20);
        ReadUntil(source, () => Symbol(source).Snapshots >= 3, "it must be asked for again");
        Symbol(source).DepthGaps.ShouldBe(0);
    }

    [Theory]
    [InlineData("url", "https://data-stream.binance.vision")]
    [InlineData("depth_url", "nowhere")]
    [InlineData("streams", "depth20")]
    [InlineData("symbols", "ETHUSDT")]
    public void An_option_that_cannot_work_is_told_when_the_source_is_made(string option, string value)
    {
        var options = option switch
        {
            "url" => Options with { Url = value },
            "depth_url" => Options with { DepthUrl = value },
            "streams" => Options with { Streams = [value] },
            _ => Options with { Symbols = [value] },
        };
        var error = Should.Throw<ConfigurationException>(() => new WebSocketSource(options, _market, Feed.Context()));
        (error.Option, error.Message.Contains(value, StringComparison.Ordinal)).ShouldBe((option, true));
    }

    [DataFact]
    public async Task The_shipped_pipeline_runs_on_it_and_its_account_adds_up()
    {
        var exchange = new RecordedExchange(_server, Lines("spot", 4_000));
        using var folder = new TemporaryFolder();
        using var capture = new CaptureSource(new CaptureOptions { Path = [folder.Write("recording", [.. exchange.Lines])] }, _market, Feed.Context());

        // So many that they cannot come without the full book, which is two thousand levels, but without some quotes at the start.
        var count = Feed.ReadAll(capture).Length - 1_000;
        var playing = Task.Factory.StartNew(
            () =>
            {
                _server.AwaitSubscription();
                exchange.Play(int.MaxValue);
            }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var report = await InProcess.Run(
            Path.Combine(Qt.Root, "pipelines", "live-btcusdt.yml"), $"blocks.feed.url={_server.Url}", $"blocks.feed.depth_url={_server.DepthUrl}", $"blocks.feed.count={count}");
        await playing;
        InProcess.Details<WebSocketReport>(report, "feed").Source.Events.ShouldBeGreaterThanOrEqualTo(count);
        var book = InProcess.Details<IReadOnlyDictionary<string, BookReport>>(report, "book")["BTCUSDT"];
        (book.Valid, book.Gaps, book.Crossed).ShouldBe((true, 0, 0));
    }
}
