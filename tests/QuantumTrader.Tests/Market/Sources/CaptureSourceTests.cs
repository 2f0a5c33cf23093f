using System.Runtime.InteropServices;
using System.Text;
using QuantumTrader.Market;
using QuantumTrader.Market.Sources;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Market.Sources;

public sealed class CaptureSourceTests : IDisposable
{
    private const string Trade = """1723161255088176367 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,"T":1723161256321,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}}""";
    private const string SpotTrade = """1680652800004107 {"stream":"btcusdt@trade","data":{"e":"trade","E":1680652800000,"s":"BTCUSDT","t":3071245454,"p":"28165.47000000","q":"0.00056000","b":20720542158,"a":20720542592,"T":1680652799999,"m":true,"M":true}}""";
    private const string Quote = """1723161255088169167 {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":5123107839020,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256314}}""";
    private const string SpotQuote = """1723161255088270000 {"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}}""";
    private const string Depth = """1723161255030314667 {"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1723161256299,"T":1723161256298,"s":"BTCUSDT","U":5123107832006,"u":5123107837557,"pu":5123107831937,"b":[["58710.20","0.014"],["61510.90","0.000"]],"a":[["61900.00","1.5"]]}}""";
    private const string SpotDepth = """1723161253937085768 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,"u":50093239202,"b":[["61737.63000000","0.00000000"]],"a":[]}}""";
    private const string Snapshot = """1723161255319702566 {"lastUpdateId": 5123107852948, "E": 1723161256501, "T": 1723161256493, "bids": [["61800.20", "2.909"]], "asks": [["61800.30", "1.25"], ["61800.40", "2"]]}""";
    private const string SpotSnapshot = """1723161255319702566 {"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"]],"asks":[["61837.64000000","1.5"]]}""";
    private const string MarkPrice = """1680652701048293 {"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1680652701000,"s":"BTCUSDT","p":"28147.27373413","P":"28142.15563565","i":"28159.75642857","r":"0.00002754","T":1680652800000}}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CaptureSource Open(string path, string symbol = "BTCUSDT", bool fast = true) =>
        new(new CaptureOptions { Path = [path] }, Feed.Market(symbol), Feed.Context()) { UsesFastDecoder = fast };

    private (MarketEvent[] Events, CaptureSource Source) Read(params string[] lines)
    {
        using var source = Open(_folder.Write("recording", lines));
        return (Feed.ReadAll(source), source);
    }

    [Fact]
    public void A_trade_is_one_event_with_the_side_of_the_aggressor()
    {
        var e = Read(Trade).Events.ShouldHaveSingleItem();
        e.Kind.ShouldBe(EventKind.Trade);
        e.Sequence.ShouldBe(1);
        e.EventTime.ShouldBe(1723161256321_000_000);
        e.ReceiveTime.ShouldBe(1723161255088176367);
        e.Price.ShouldBe(61800_30000000);
        e.Quantity.ShouldBe(600000);
        e.TradeNumber.ShouldBe(5266583935);
        e.Symbol.ShouldBe(1);
        (e.Side, e.SideSource, e.Flags).ShouldBe((Side.Buy, SideSource.Flag, EventFlags.None));
    }

    [Fact]
    public void A_trade_whose_buyer_was_the_maker_is_a_sell_and_order_ids_of_the_spot_market_are_not_prices()
    {
        var e = Read(SpotTrade).Events.ShouldHaveSingleItem();
        e.Side.ShouldBe(Side.Sell);
        e.Price.ShouldBe(28165_47000000);
        e.Quantity.ShouldBe(56000);
        e.EventTime.ShouldBe(1680652799999_000_000);
        e.ReceiveTime.ShouldBe(1680652800004107_000);
    }

    [Fact]
    public void A_trade_of_the_insurance_fund_is_marked_as_off_the_market() =>
        Read(Trade.Replace("MARKET", "INSURANCE_FUND", StringComparison.Ordinal)).Events[0].Flags.ShouldBe(EventFlags.OffMarket);

    [Fact]
    public void A_quote_is_one_event()
    {
        var e = Read(Quote).Events.ShouldHaveSingleItem();
        e.Kind.ShouldBe(EventKind.Quote);
        e.EventTime.ShouldBe(1723161256313_000_000);
        (e.BidPrice, e.BidQuantity).ShouldBe((61800_20000000, 2_50700000));
        (e.AskPrice, e.AskQuantity).ShouldBe((61800_30000000, 2_51000000));
    }

    [Fact]
    public void A_quote_without_time_gets_the_newest_exchange_time_and_before_any_its_receive_time()
    {
        var (events, _) = Read(SpotQuote, SpotDepth, SpotQuote);
        events[0].EventTime.ShouldBe(1723161255088270000);
        events[^1].EventTime.ShouldBe(1723161255208_000_000);
    }

    [Fact]
    public void One_exchange_time_far_in_the_future_does_not_become_the_time_of_the_quotes_behind_it()
    {
        var (events, _) = Read(SpotDepth, Trade.Replace("1723161256321", "9123161256321", StringComparison.Ordinal), SpotQuote);
        events[^2].EventTime.ShouldBe(9123161256321_000_000);
        events[^1].EventTime.ShouldBe(1723161255208_000_000);
    }

    [Fact]
    public void A_depth_message_is_a_header_and_its_levels_bids_first()
    {
        var (events, _) = Read(Depth);
        events.Select(e => e.Kind).ShouldBe([EventKind.BookUpdate, EventKind.BookLevel, EventKind.BookLevel, EventKind.BookLevel]);
        events.ShouldAllBe(e => e.EventTime == 1723161256298_000_000 && e.ReceiveTime == 1723161255030314667 && e.Symbol == 1);
        var header = events[0];
        (header.FirstUpdateId, header.LastUpdateId, header.PreviousUpdateId, header.LevelCount).ShouldBe((5123107832006, 5123107837557, 5123107831937, 3));
        events.Skip(1).Select(e => (e.Side, e.Price, e.Quantity)).ShouldBe(
            [(Side.Buy, 58710_20000000, 1400000), (Side.Buy, 61510_90000000, 0), (Side.Sell, 61900_00000000, 1_50000000)]);
        events.Select(e => e.Flags).ShouldBe([EventFlags.None, EventFlags.None, EventFlags.None, EventFlags.EndOfMessage]);
    }

    [Fact]
    public void A_spot_depth_message_has_its_event_time_and_no_previous_id()
    {
        var (events, _) = Read(SpotDepth);
        events[0].EventTime.ShouldBe(1723161255208_000_000);
        events[0].PreviousUpdateId.ShouldBe(-1);
        events[1].Flags.ShouldBe(EventFlags.EndOfMessage);
    }

    [Fact]
    public void A_depth_message_without_levels_ends_with_its_header()
    {
        var e = Read(Depth.Replace("""["58710.20","0.014"],["61510.90","0.000"]""", "", StringComparison.Ordinal).Replace("""["61900.00","1.5"]""", "", StringComparison.Ordinal)).Events.ShouldHaveSingleItem();
        (e.Kind, e.LevelCount, e.Flags).ShouldBe((EventKind.BookUpdate, 0, EventFlags.EndOfMessage));
    }

    [Fact]
    public void A_snapshot_is_a_header_and_its_levels_and_gets_the_symbol_of_the_depth_message_before_it()
    {
        var (all, _) = Read(Depth, Snapshot);
        var events = all[4..];
        events[0].Kind.ShouldBe(EventKind.BookSnapshot);
        (events[0].LastUpdateId, events[0].LevelCount, events[0].Symbol, events[0].EventTime).ShouldBe((5123107852948, 3, 1, 1723161256493_000_000));
        events.Skip(1).Select(e => (e.Side, e.Price, e.Quantity)).ShouldBe(
            [(Side.Buy, 61800_20000000, 2_90900000), (Side.Sell, 61800_30000000, 1_25000000), (Side.Sell, 61800_40000000, 2_00000000)]);
        events.ShouldAllBe(e => e.Has(EventFlags.Snapshot));
        events.Select(e => e.Has(EventFlags.EndOfMessage)).ShouldBe([false, false, false, true]);
    }

    [Fact]
    public void A_snapshot_before_any_depth_message_waits_for_the_next_one()
    {
        var (events, _) = Read(Trade, SpotSnapshot, Quote, Depth);
        events.Take(3).Select(e => e.Kind).ShouldBe([EventKind.Trade, EventKind.Quote, EventKind.BookSnapshot]);
        events[2].Symbol.ShouldBe(1);
        events.ShouldBeNumberedFromOne();
    }

    [Fact]
    public void A_snapshot_without_any_depth_message_is_refused_unless_its_symbol_is_given()
    {
        var (events, source) = Read(Snapshot);
        events.ShouldBeEmpty();
        source.Accounts.Dropped["unknown_symbol"].ShouldBe(1);

        using var named = new CaptureSource(new CaptureOptions { Path = [_folder.Write("b", Snapshot)], Symbol = "BTCUSDT" }, Feed.Market("BTCUSDT"), Feed.Context());
        Feed.ReadAll(named).Length.ShouldBe(4);
    }

    [Fact]
    public void A_mark_price_has_the_time_of_its_message_and_not_of_the_next_funding()
    {
        var e = Read(MarkPrice).Events.ShouldHaveSingleItem();
        (e.Kind, e.Price, e.EventTime, e.ReceiveTime).ShouldBe((EventKind.MarkPrice, 28147_27373413, 1680652701000_000_000, 1680652701048293_000));
    }

    [Fact]
    public void Millisecond_stamps_are_read_too() =>
        Read("1680652701048" + MarkPrice[16..]).Events[0].ReceiveTime.ShouldBe(1680652701048_000_000);

    [Fact]
    public void Events_of_other_symbols_are_counted_one_by_one()
    {
        using var source = Open(_folder.Write("recording", Trade, Depth, Snapshot), "ETHUSDT");
        Feed.ReadAll(source).ShouldBeEmpty();
        source.Accounts.Dropped["other_symbol"].ShouldBe(1 + 4 + 4);
    }

    [Fact]
    public void A_symbol_map_renames_a_symbol()
    {
        var options = new CaptureOptions { Path = [_folder.Write("recording", Trade)], SymbolMap = new Dictionary<string, string> { ["BTCUSDT"] = "BTCUSDT_PERP" } };
        using var source = new CaptureSource(options, Feed.Market("BTCUSDT", "BTCUSDT_PERP"), Feed.Context());
        Feed.ReadAll(source)[0].Symbol.ShouldBe(2);
    }

    [Theory]
    [InlineData("no stamp at all")]
    [InlineData("17231612550881763 {}")]
    [InlineData("1723161255088176367")]
    [InlineData("1723161255088176367 {\"stream\":")]
    [InlineData("1723161255088176367 []")]
    [InlineData("1723161255088176367 {\"stream\":\"btcusdt@trade\"}")]
    [InlineData("1723161255088176367 {\"stream\":\"btcusdt@trade\",\"data\":{\"p\":\"1\"}}")]
    public void A_broken_line_is_refused_with_its_place_and_the_rest_goes_on(string line)
    {
        var (events, source) = Read(Trade, line, Quote);
        events.Select(e => e.Kind).ShouldBe([EventKind.Trade, EventKind.Quote]);
        source.Accounts.Dropped["broken_line"].ShouldBe(1);
        source.Accounts.DeadLetters[0].Detail.ShouldStartWith($"recording:2: {line}");
    }

    [Theory]
    [InlineData("\"61800.30\"", "\"abc\"")]
    [InlineData("\"61800.30\"", "\"99999999999999999999\"")]
    [InlineData("\"61800.30\"", "\"\"")]
    [InlineData("\"61800.30\"", "null")]
    [InlineData("1723161256322", "99999999999999999999")]
    [InlineData("1723161256322", "9999999999999999")]
    [InlineData("false", "0")]
    public void A_number_that_cannot_be_read_breaks_the_line(string good, string bad)
    {
        var (events, source) = Read(Trade.Replace(good, bad, StringComparison.Ordinal));
        events.ShouldBeEmpty();
        source.Accounts.Dropped["broken_line"].ShouldBe(1);
    }

    [Fact]
    public void A_number_that_can_be_read_but_makes_no_sense_is_left_to_the_normalizer()
    {
        var (events, _) = Read(Trade.Replace("61800.30", "-1", StringComparison.Ordinal).Replace("0.006", "92233720367", StringComparison.Ordinal));
        (events[0].Price, events[0].Quantity).ShouldBe((-1_00000000, 92233720367_00000000));
    }

    [Theory]
    [InlineData("btcusdt@aggTrade")]
    [InlineData("btcusdt@depth20@100ms")]
    [InlineData("btcusdt")]
    public void An_unknown_stream_is_refused(string stream)
    {
        var (events, source) = Read(Trade.Replace("btcusdt@trade", stream, StringComparison.Ordinal), Quote);
        events.Length.ShouldBe(1);
        source.Accounts.Dropped["unknown_stream"].ShouldBe(1);
    }

    [Fact]
    public void A_receive_time_that_goes_back_is_noted()
    {
        var (events, source) = Read(Trade, Depth);
        events.Length.ShouldBe(5);
        source.Accounts.NoteCounts["clock_back"].ShouldBe(1);
        source.Accounts.Notes[0].Message.ShouldContain("recording:2");
    }

    [Fact]
    public void A_line_above_the_limit_is_refused_and_the_rest_goes_on()
    {
        var (events, source) = Read(Trade, new string('x', LineReader.DefaultLimit + 1), Quote);
        events.Length.ShouldBe(2);
        source.Accounts.Dropped["line_too_long"].ShouldBe(1);
    }

    [Fact]
    public void An_empty_file_and_empty_lines_are_no_error()
    {
        _folder.Write("a");
        _folder.Write("b", "", Trade, "");
        using var source = Open(_folder.Path);
        Feed.ReadAll(source).Length.ShouldBe(1);
        source.Accounts.DroppedTotal.ShouldBe(0);
        source.Progress.ShouldBe(1);
    }

    [Fact]
    public void A_gzip_file_that_is_cut_off_gives_all_before_the_cut_and_the_run_goes_on()
    {
        // Numbers that differ, so that the cut falls between them and not into one repeated block.
        var random = new Random(1);
        var text = string.Concat(Enumerable.Range(0, 2000).Select(_ => Trade.Replace("5266583935", random.NextInt64(1_000_000_000).ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal) + "\n"));
        var whole = Feed.Gzip(text);
        _folder.Write("1.gz", whole[..(whole.Length / 2)]);
        _folder.Write("2.gz", Feed.Gzip(SpotQuote + "\n"));
        using var source = Open(_folder.Path);
        var events = Feed.ReadAll(source);
        events.Length.ShouldBeInRange(500, 1500);
        events[^1].Kind.ShouldBe(EventKind.Quote);
        events.ShouldBeNumberedFromOne();
        source.Accounts.DroppedTotal.ShouldBe(0);
        var note = source.Accounts.Notes.ShouldHaveSingleItem();
        note.Code.ShouldBe("truncated");
        note.Message.ShouldStartWith("1.gz");
        note.Message.ShouldContain("line " + events.Length);
    }

    [Fact]
    public void A_gzip_file_with_a_broken_byte_is_noted_and_the_run_goes_on()
    {
        var bytes = Feed.Gzip(string.Concat(Enumerable.Repeat(Trade + "\n", 100)));
        bytes[^6] ^= 0xFF;
        _folder.Write("1.gz", bytes);
        _folder.Write("2.gz", Feed.Gzip(SpotQuote));
        using var source = Open(_folder.Path);
        Feed.ReadAll(source)[^1].Kind.ShouldBe(EventKind.Quote);
        source.Accounts.Notes.ShouldHaveSingleItem().Code.ShouldBe("truncated");
    }

    [Fact]
    public void A_gzip_file_of_several_parts_is_whole()
    {
        _folder.Write("1.gz", [.. Feed.Gzip(Trade + "\n" + Depth + "\n"), .. Feed.Gzip(Quote)]);
        using var source = Open(_folder.Path);
        Feed.ReadAll(source).Length.ShouldBe(6);
        source.Accounts.Notes.ShouldHaveSingleItem().Code.ShouldBe("clock_back");
    }

    [Fact]
    public void A_missing_file_is_told_when_the_source_is_made()
    {
        var path = Path.Combine(_folder.Path, "nowhere.gz");
        var error = Should.Throw<ConfigurationException>(() => Open(path));
        error.Option.ShouldBe("path");
        error.Outside.ShouldBeTrue();
        error.Message.ShouldContain(path);
        Should.Throw<ConfigurationException>(() => Open(Path.Combine(_folder.Path, "*.gz"))).Outside.ShouldBeTrue();
        Should.Throw<ConfigurationException>(() => Open(_folder.Path)).Outside.ShouldBeTrue();
    }

    [Fact]
    public void A_snapshot_symbol_that_is_not_the_pipelines_is_told_when_the_source_is_made() =>
        Should.Throw<ConfigurationException>(() => new CaptureSource(new CaptureOptions { Path = [_folder.Write("a", Trade)], Symbol = "X" }, Feed.Market("BTCUSDT"), Feed.Context())).Option.ShouldBe("symbol");

    [Fact]
    public void Files_are_read_in_the_order_of_their_names_and_a_star_selects_them()
    {
        _folder.Write("day2.txt", Quote);
        _folder.Write("day1.txt", Depth);
        _folder.Write("other.log", Trade);
        using var source = Open(Path.Combine(_folder.Path, "day*.txt"));
        Feed.ReadAll(source).Select(e => e.Kind).ShouldBe([EventKind.BookUpdate, EventKind.BookLevel, EventKind.BookLevel, EventKind.BookLevel, EventKind.Quote]);
        var report = source.Report().ShouldBeOfType<SourceReport>();
        report.Files.ShouldBe([new FileLines("day1.txt", 1), new FileLines("day2.txt", 1)]);
        report.Events.ShouldBe(5);
        report.Kinds["BookLevel"].ShouldBe(3);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public void A_message_is_never_cut_and_the_limit_changes_no_event(int limit)
    {
        using var source = Open(_folder.Write("recording", Trade, Depth, Snapshot, Quote, SpotQuote, Depth));
        using var other = Open(Path.Combine(_folder.Path, "recording"));
        Feed.ReadAll(source, limit).ShouldBe(Feed.ReadAll(other, 7));
    }

    [Fact]
    public void Changing_any_byte_never_makes_the_fast_decoder_say_something_else_than_the_general_one()
    {
        var fast = new BinanceMessage();
        var general = new BinanceMessage();
        var random = new Random(7);
        const string bytes = "\"\\,:{}[]0159-.eEaZ \u0001\u007f";
        foreach (var line in new[] { Trade, SpotTrade, Quote, SpotQuote, Depth, SpotDepth, MarkPrice })
        {
            var json = Encoding.UTF8.GetBytes(line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
            BinanceFastDecoder.TryDecode(json, fast).ShouldBeTrue();
            for (var i = 0; i < 20_000; i++)
            {
                var changed = json.ToArray();
                for (var changes = random.Next(3); changes >= 0; changes--)
                {
                    changed[random.Next(changed.Length)] = random.Next(8) == 0 ? (byte)random.Next(256) : (byte)bytes[random.Next(bytes.Length)];
                }

                if (BinanceFastDecoder.TryDecode(changed, fast))
                {
                    BinanceJsonDecoder.TryDecode(changed, general).ShouldBeTrue(Encoding.Latin1.GetString(changed));
                    Describe(general).ShouldBe(Describe(fast), Encoding.Latin1.GetString(changed));
                }
            }
        }
    }

    [Fact]
    public void Decoding_allocates_nothing_per_line()
    {
        // Of another symbol, so that only the source is measured and not the output.
        using var source = Open(_folder.Write("recording", [.. new[] { Depth, Quote, Trade }.SelectMany(l => Enumerable.Repeat(l, 5_000))]), "ETHUSDT");
        var before = GC.GetAllocatedBytesForCurrentThread();
        Feed.ReadAll(source).ShouldBeEmpty();
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(400_000, "15,000 lines");
        source.Accounts.Dropped["other_symbol"].ShouldBe(5_000 * 6);
    }

    private static string Describe(BinanceMessage m) =>
        $"{m.Stream} {Encoding.Latin1.GetString(m.Symbol)} {m.IsOffMarket} " + string.Join(' ', Enum.GetValues<BinanceField>().Select(f => !m.Has(f) ? "-" : f <= BinanceField.IsBuyerMaker ? $"{m[f]}" : "+"))
        + (m.Has(BinanceField.Bids) ? string.Join(' ', m.Bids.Levels.ToArray()) : "") + (m.Has(BinanceField.Asks) ? string.Join(' ', m.Asks.Levels.ToArray()) : "");

    [DataFact]
    public void Both_decoders_give_the_same_events_for_every_recording()
    {
        foreach (var path in Directory.GetFiles(Path.Combine(TestData.Folder, "binance"), "*.gz", SearchOption.AllDirectories))
        {
            var symbol = path.Contains("perp", StringComparison.Ordinal) ? "BTCUSD_PERP" : "BTCUSDT";
            using var fast = Open(path, symbol);
            using var general = Open(path, symbol, fast: false);
            Feed.ReadAll(general).AsSpan().SequenceEqual(Feed.ReadAll(fast, 1000), BytesAreEqual).ShouldBeTrue(path);
        }
    }

    private static IEqualityComparer<MarketEvent> BytesAreEqual { get; } = EqualityComparer<MarketEvent>.Create(
        (a, b) => MemoryMarshal.AsBytes(new ReadOnlySpan<MarketEvent>(ref a)).SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<MarketEvent>(ref b))));
}
