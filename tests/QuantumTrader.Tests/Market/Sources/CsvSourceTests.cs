using QuantumTrader.Market;
using QuantumTrader.Market.Sources;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Market.Sources;

public sealed class CsvSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static readonly CsvOptions Trades = new()
    {
        Kind = CsvKind.Trade,
        Time = new() { Column = "time_seconds", Unit = CsvTimeUnit.S },
        Columns = new() { Price = "price", Quantity = "size", Side = "is_buyer_maker" },
        SideValues = new Dictionary<string, string> { ["1"] = "sell", ["0"] = "buy" },
    };

    private static readonly CsvOptions Quotes = new()
    {
        Kind = CsvKind.Quote,
        Time = new() { Column = "time_seconds", Unit = CsvTimeUnit.S },
        Columns = new() { Bid = "bid_price_bid_size", Ask = "ask_price_ask_size" },
        Join = "_",
    };

    private static readonly CsvOptions Levels = new()
    {
        Kind = CsvKind.Level,
        Time = new() { Column = "time", Unit = CsvTimeUnit.Iso },
        Columns = new() { Side = "side", Price = "price", Quantity = "size" },
    };

    public void Dispose() => _folder.Dispose();

    private (MarketEvent[] Events, CsvSource Source) Read(CsvOptions options, params string[] lines)
    {
        using var source = Open(options with { Path = [_folder.Write("rows.csv", lines)] });
        return (Feed.ReadAll(source), source);
    }

    private static CsvSource Open(CsvOptions options, params string[] symbols) =>
        new(options, Feed.Market(symbols.Length > 0 ? symbols : ["ETHUSD"]), Feed.Context());

    [Fact]
    public void A_trade_row_is_one_event()
    {
        var e = Read(Trades, "time_seconds,price,size,is_buyer_maker", "1625097621.647,2278.15,0.0409,1").Events.ShouldHaveSingleItem();
        (e.Kind, e.Sequence, e.Symbol, e.EventTime, e.ReceiveTime).ShouldBe((EventKind.Trade, 1, 1, 1625097621_647_000_000, 0));
        (e.Price, e.Quantity, e.Side, e.SideSource, e.TradeNumber).ShouldBe((2278_15000000, 4090000, Side.Sell, SideSource.Flag, 0));
    }

    [Fact]
    public void A_trade_file_without_a_side_column_has_unknown_sides_and_a_number_column_is_read()
    {
        var options = Trades with { Columns = new() { Price = "price", Quantity = "size", Number = "id" } };
        var e = Read(options, "id,time_seconds,price,size", "77,1,2,3").Events.ShouldHaveSingleItem();
        (e.Side, e.SideSource, e.TradeNumber).ShouldBe((Side.None, SideSource.Unknown, 77));
    }

    [Fact]
    public void A_quote_row_holds_price_and_size_joined_by_an_underscore()
    {
        var e = Read(Quotes, "time_seconds,bid_price_bid_size,ask_price_ask_size", "1625097600,2271.58_1.6477,2279.63_28.479526").Events.ShouldHaveSingleItem();
        (e.Kind, e.EventTime).ShouldBe((EventKind.Quote, 1625097600_000_000_000));
        (e.BidPrice, e.BidQuantity, e.AskPrice, e.AskQuantity).ShouldBe((2271_58000000, 1_64770000, 2279_63000000, 28_47952600));
    }

    [Fact]
    public void A_level_row_is_an_update_of_its_own_and_a_float_print_out_is_rounded()
    {
        var (events, _) = Read(Levels, "side,price,size,time", "sell,9144.26,0.11244000000000001,2018-04-24T04:40:49.111Z");
        events.Select(e => e.Kind).ShouldBe([EventKind.BookUpdate, EventKind.BookLevel]);
        (events[0].FirstUpdateId, events[0].LastUpdateId, events[0].PreviousUpdateId, events[0].LevelCount, events[0].Flags).ShouldBe((0, 0, -1, 1, EventFlags.None));
        (events[1].Side, events[1].Price, events[1].Quantity, events[1].Flags).ShouldBe((Side.Sell, 9144_26000000, 11244000, EventFlags.EndOfMessage));
        events.ShouldAllBe(e => e.EventTime == new DateTimeOffset(2018, 4, 24, 4, 40, 49, 111, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1_000_000);
    }

    [Fact]
    public void A_snapshot_goes_first_with_the_time_of_the_first_update()
    {
        var bids = _folder.Write("bids", "side,price,size", "buy,9192,7.5", "buy,9191,1");
        var asks = _folder.Write("asks", "side,price,size", "sell,9193,2");
        var (events, source) = Read(Levels with { Snapshot = new() { Bids = bids, Asks = asks } }, "side,price,size,time", "buy,9192,0.0,1970-01-01T00:00:01Z");
        events.Select(e => (e.Kind, e.Side, e.Price, e.Flags)).Skip(1).ShouldBe(
        [
            (EventKind.BookLevel, Side.Buy, 9192_00000000, EventFlags.Snapshot),
            (EventKind.BookLevel, Side.Buy, 9191_00000000, EventFlags.Snapshot),
            (EventKind.BookLevel, Side.Sell, 9193_00000000, EventFlags.Snapshot | EventFlags.EndOfMessage),
            (EventKind.BookUpdate, Side.None, 0, EventFlags.None),
            (EventKind.BookLevel, Side.Buy, 9192_00000000, EventFlags.EndOfMessage),
        ]);
        (events[0].Kind, events[0].LevelCount).ShouldBe((EventKind.BookSnapshot, 3));
        events.ShouldAllBe(e => e.EventTime == 1_000_000_000);
        events.ShouldBeNumberedFromOne();
        source.Accounts.DroppedTotal.ShouldBe(0);
    }

    [Theory]
    [InlineData("s", CsvTimeUnit.S, "1625097621.647", 1625097621_647_000_000)]
    [InlineData("s", CsvTimeUnit.S, "1.0000000019", 1_000_000_001)]
    [InlineData("ms", CsvTimeUnit.Ms, "1625097621647.25", 1625097621_647_250_000)]
    [InlineData("us", CsvTimeUnit.Us, "1625097621647001", 1625097621_647_001_000)]
    [InlineData("ns", CsvTimeUnit.Ns, "1625097621647001002", 1625097621_647_001_002)]
    [InlineData("iso", CsvTimeUnit.Iso, "1970-01-02 00:00:00", 86_400_000_000_000)]
    [InlineData("iso", CsvTimeUnit.Iso, "2000-02-29T12:00:00.000000001+01:00", 951_822_000_000_000_001)]
    [InlineData("iso", CsvTimeUnit.Iso, "2000-02-29T12:00:00-0530", 951_845_400_000_000_000)]
    public void Times_are_exact_in_every_unit(string name, CsvTimeUnit unit, string text, long expected)
    {
        name.ShouldBe(unit.ToString().ToLowerInvariant());
        Read(Trades with { Time = new() { Column = "t", Unit = unit }, Columns = new() { Price = "p", Quantity = "q" } }, "t,p,q", text + ",1,1").Events[0].EventTime.ShouldBe(expected);
    }

    [Theory]
    [InlineData("", CsvTimeUnit.S)]
    [InlineData("-5", CsvTimeUnit.S)]
    [InlineData("1e9", CsvTimeUnit.S)]
    [InlineData("9999999999999", CsvTimeUnit.S)]
    [InlineData("99999999999999999999", CsvTimeUnit.Ns)]
    [InlineData("2001-02-29T00:00:00Z", CsvTimeUnit.Iso)]
    [InlineData("2001-02-28T24:00:00Z", CsvTimeUnit.Iso)]
    [InlineData("2001-02-28T00:00:00X", CsvTimeUnit.Iso)]
    [InlineData("2001-02-28", CsvTimeUnit.Iso)]
    public void A_time_that_is_none_breaks_the_row(string text, CsvTimeUnit unit)
    {
        var (events, source) = Read(Trades with { Time = new() { Column = "t", Unit = unit }, Columns = new() { Price = "p", Quantity = "q" } }, "t,p,q", text + ",1,1");
        events.ShouldBeEmpty();
        source.Accounts.DeadLetters.ShouldHaveSingleItem().Detail.ShouldStartWith("rows.csv:2: the time cannot be read");
    }

    [Theory]
    [InlineData("1,x,1,1", "the price is no number")]
    [InlineData("1,1,,1", "the quantity is no number")]
    [InlineData("1,1,1,2", "the side is none of 'side_values'")]
    [InlineData("1,1,1", "3 fields instead of 4 or more")]
    [InlineData("1,1,\"1,1", "a quoted field does not end")]
    public void A_bad_row_is_refused_with_its_place_and_reason_and_the_rest_goes_on(string row, string reason)
    {
        var (events, source) = Read(Trades, "time_seconds,price,size,is_buyer_maker", row, "2,2,2,0");
        events.ShouldHaveSingleItem().Side.ShouldBe(Side.Buy);
        source.Accounts.Dropped["broken_row"].ShouldBe(1);
        source.Accounts.DeadLetters[0].Detail.ShouldBe($"rows.csv:2: {reason}: {row}");
    }

    [Theory]
    [InlineData("2271.58,2279_1", "price and quantity are not joined as 'join' says")]
    [InlineData("2271.58_x,2279_1", "a quantity is no number")]
    [InlineData("_1,2279_1", "a price is no number")]
    public void A_bad_quote_is_refused(string fields, string reason)
    {
        var (_, source) = Read(Quotes, "time_seconds,bid_price_bid_size,ask_price_ask_size", "1," + fields);
        source.Accounts.DeadLetters.ShouldHaveSingleItem().Detail.ShouldContain(reason);
    }

    [Fact]
    public void Quoted_fields_are_read_as_RFC_4180_has_them()
    {
        var row = new CsvRow((byte)',');
        row.TrySplit("a,\"b,\"\"c\"\"\",,\"\""u8).ShouldBeTrue();
        Enumerable.Range(0, row.Count).Select(i => System.Text.Encoding.UTF8.GetString(row[i])).ShouldBe(["a", "b,\"c\"", "", ""]);
        row.TrySplit("\"a\"b,c"u8).ShouldBeFalse();
        Read(Trades, "\"time_seconds\",price,size,is_buyer_maker", "\"1\",\"2\",3,\"1\"").Events.Length.ShouldBe(1);
    }

    [Fact]
    public void An_unknown_column_is_told_with_the_columns_of_the_file_and_the_nearest_one()
    {
        var options = Trades with { Columns = new() { Price = "prize", Quantity = "size" } };
        var error = Should.Throw<ConfigurationException>(() => Read(options, "time_seconds,price,size"));
        error.Option.ShouldBe("columns.price");
        error.Message.ShouldBe("rows.csv has no column 'prize'. Its columns are time_seconds, price, size. Did you mean 'price'?");
    }

    [Fact]
    public void A_column_that_the_kind_needs_must_be_named()
    {
        Should.Throw<ConfigurationException>(() => Read(Quotes with { Columns = new() { Bid = "b" } }, "time_seconds,b,a")).Option.ShouldBe("columns.ask");
        Should.Throw<ConfigurationException>(() => Read(Levels with { Columns = new() { Price = "p", Quantity = "q" } }, "time,p,q")).Option.ShouldBe("columns.side");
        Should.Throw<ConfigurationException>(() => Read(Trades with { Time = new() }, "time,p,q")).Option.ShouldBe("time.column");
    }

    [Fact]
    public void The_symbol_comes_from_a_column_or_an_option_and_other_symbols_are_counted()
    {
        var path = _folder.Write("rows.csv", "time_seconds,price,size,is_buyer_maker,what", "1,1,1,0,BTCUSD", "2,1,1,0,DOGEUSD", "3,1,1,0,ETHUSD");
        using var byColumn = Open(Trades with { Path = [path], Columns = Trades.Columns with { Symbol = "what" } }, "ETHUSD", "BTCUSD");
        Feed.ReadAll(byColumn).Select(e => e.Symbol).ShouldBe([2, 1]);
        byColumn.Accounts.Dropped["other_symbol"].ShouldBe(1);

        using var byOption = Open(Trades with { Path = [path], Symbol = "BTCUSD" }, "ETHUSD", "BTCUSD");
        Feed.ReadAll(byOption).ShouldAllBe(e => e.Symbol == 2);
        Should.Throw<ConfigurationException>(() => Open(Trades with { Path = [path] }, "ETHUSD", "BTCUSD")).Option.ShouldBe("symbol");
    }

    [Fact]
    public void Files_without_a_header_have_numbered_columns_and_may_use_another_delimiter()
    {
        var options = Trades with { Header = false, Delimiter = ";", Time = new() { Column = "1" }, Columns = new() { Price = "3", Quantity = "2" } };
        var e = Read(options, "1000;5;7").Events.ShouldHaveSingleItem();
        (e.EventTime, e.Price, e.Quantity).ShouldBe((1_000_000_000, 7_00000000, 5_00000000));
        Should.Throw<ConfigurationException>(() => Read(options with { Delimiter = "::" }, "")).Option.ShouldBe("delimiter");
        Should.Throw<ConfigurationException>(() => Read(options with { Columns = new() { Price = "x", Quantity = "1" } }, "")).Option.ShouldBe("columns.price");
    }

    [Fact]
    public void A_snapshot_of_anything_but_levels_and_an_unknown_side_value_are_told()
    {
        var rows = _folder.Write("b", "time_seconds,price,size,is_buyer_maker");
        Should.Throw<ConfigurationException>(() => Open(Trades with { Path = [rows], Snapshot = new() { Bids = rows, Asks = rows } })).Option.ShouldBe("snapshot");
        Should.Throw<ConfigurationException>(() => Open(Trades with { Path = [rows], SideValues = new Dictionary<string, string> { ["1"] = "seller" } })).Option.ShouldBe("side_values");
    }

    private static string At(string path) => Path.Combine(TestData.Folder, path);

    [DataFact]
    public void The_gemini_trades_have_their_control_totals()
    {
        using var source = Open(Trades with { Path = [At("gemini/*trade.csv.gz")] });
        var events = Feed.ReadAll(source);
        source.Accounts.DroppedTotal.ShouldBe(0);
        events.Length.ShouldBe(25_222);
        foreach (var (side, count, quantity) in new[] { (Side.Buy, 14_458, 13938.404278m), (Side.Sell, 10_764, 13090.647445m) })
        {
            events.Count(e => e.Side == side).ShouldBe(count);
            Math.Round(events.Where(e => e.Side == side).Sum(e => e.Quantity) / (decimal)Scaled.One, 6).ShouldBe(quantity); // stated to 6 places
        }

        (events.Min(e => e.Price), events.Max(e => e.Price)).ShouldBe((2072_08000000, 2278_15000000));
    }

    [DataFact]
    public void The_gemini_quotes_are_all_there_and_good()
    {
        using var source = Open(Quotes with { Path = [At("gemini/*market-depth.csv.gz")] });
        var events = Feed.ReadAll(source);
        (events.Length, source.Accounts.DroppedTotal).ShouldBe((72_180, 0));
        events.ShouldAllBe(e => e.BidPrice < e.AskPrice && e.BidQuantity > 0 && e.AskQuantity > 0);
    }

    [DataFact]
    public void The_coinbase_book_is_rebuilt_without_ever_crossing()
    {
        using var source = Open(Levels with
        {
            Path = [At("coinbase/l2update_15min_*.csv.gz")],
            Snapshot = new() { Bids = At("coinbase/snapshot_bids.csv.gz"), Asks = At("coinbase/snapshot_asks.csv.gz") },
        });
        var events = Feed.ReadAll(source);
        events.ShouldBeNumberedFromOne();
        events.Of(EventKind.BookUpdate).Length.ShouldBe(193_848);
        events.Of(EventKind.BookSnapshot).ShouldHaveSingleItem().LevelCount.ShouldBe(13_741 + 14_078);
        var snapshot = events.Where(e => e.Kind == EventKind.BookLevel && e.Has(EventFlags.Snapshot)).ToArray();
        (snapshot.Count(e => e.Side == Side.Buy), snapshot.Count(e => e.Side == Side.Sell)).ShouldBe((13_741, 14_078));
        events.Count(e => e.Kind == EventKind.BookLevel && e.Quantity == 0).ShouldBe(71_513);
        var book = new PlainBook();
        var crossed = events.Count(e => book.Apply(e) && book.IsCrossed);
        crossed.ShouldBe(0);
        (book.BestBid, book.BestAsk).ShouldBe((9227_61000000, 9227_62000000));
    }

    [DataFact]
    public void Lean_quotes_in_a_zip_take_their_day_from_the_file_name()
    {
        var options = Quotes with { Header = false, Join = "", Time = new() { Column = "1", Unit = CsvTimeUnit.MsOfDay, UtcOffsetHours = -5 }, Columns = new() { Bid = "2", Ask = "3" } };
        using var source = Open(options with { Path = [At("fxcm/tick/eurusd/20140502_quote.zip")] });
        var events = Feed.ReadAll(source);
        events.Length.ShouldBe(96_406);
        DateTimeOffset.UnixEpoch.AddTicks(events[0].EventTime / 100).ShouldBe(new DateTimeOffset(2014, 5, 2, 5, 0, 0, 611, TimeSpan.Zero));
        Should.Throw<ConfigurationException>(() => Read(options, "1,2,3")).Option.ShouldBe("time.unit");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public void The_limit_changes_no_event(int limit)
    {
        var path = _folder.Write("rows.csv", ["side,price,size,time", .. Enumerable.Range(10, 50).Select(i => $"buy,{i},1,2018-04-24T04:40:{i}Z")]);
        using var one = Open(Levels with { Path = [path] });
        using var other = Open(Levels with { Path = [path] });
        Feed.ReadAll(one, limit).ShouldBe(Feed.ReadAll(other, 7));
    }
}
