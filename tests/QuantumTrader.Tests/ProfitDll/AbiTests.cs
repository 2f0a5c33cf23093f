using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll.Callbacks;
using QuantumTrader.ProfitDll.Native;

namespace QuantumTrader.Tests.ProfitDll;

[Collection("ProfitDll")]
public sealed class AbiTests
{
    [Fact]
    public void Structures_lie_in_memory_as_the_vendor_documents_them()
    {
        Layout<AssetRecord>(24, "Ticker 0, Exchange 8, Feed 16");
        Layout<SystemTime>(16, "Year 0, Month 2, DayOfWeek 4, Day 6, Hour 8, Minute 10, Second 12, Millisecond 14");
        Layout<AssetIdentifier>(32, "Version 0, Ticker 8, Exchange 16, FeedType 24");
        Layout<AssetIdentifierOut>(40, "Version 0, Ticker 8, TickerLength 16, Exchange 24, ExchangeLength 32, FeedType 36");
        Layout<AccountIdentifier>(32, "Version 0, BrokerId 4, AccountId 8, SubAccountId 16, Reserved 24");
        Layout<AccountIdentifierOut>(424, "Version 0, BrokerId 4, AccountId 8, AccountIdLength 208, SubAccountId 212, SubAccountIdLength 412, Reserved 416");
        Layout<OrderIdentifier>(24, "Version 0, LocalOrderId 8, ClOrderId 16");
        Layout<ConnectorTrade>(64, "Version 0, TradeDate 2, TradeNumber 20, Price 24, Quantity 32, Volume 40, BuyAgent 48, SellAgent 52, TradeType 56");
        Layout<PriceGroup>(40, "Version 0, Price 8, Count 16, Quantity 24, Flags 32");
        Layout<SendOrder>(120, "Version 0, Account 8, Asset 40, Password 72, OrderType 80, OrderSide 81, Price 88, StopPrice 96, Quantity 104, MessageId 112");
        Layout<ChangeOrder>(104, "Version 0, Account 8, OrderId 40, Password 64, Price 72, StopPrice 80, Quantity 88, MessageId 96");
        Layout<CancelOrder>(80, "Version 0, Account 8, OrderId 40, Password 64, MessageId 72");
        Layout<CancelOrders>(80, "Version 0, Account 8, Asset 40, Password 72");
        Layout<CancelAllOrders>(48, "Version 0, Account 8, Password 40");
        Layout<ZeroPosition>(104, "Version 0, Account 8, Asset 40, Password 72, Price 80, PositionType 88, MessageId 96");
        Layout<TradingAccountOut>(96, "Version 0, Account 8, BrokerName 40, BrokerNameLength 48, OwnerName 56, OwnerNameLength 64, SubOwnerName 72, SubOwnerNameLength 80, Flags 84, AccountType 88");
        Layout<TradingAccountPosition>(
            216,
            "Version 0, Account 8, Asset 40, OpenQuantity 72, OpenAveragePrice 80, OpenSide 88, DailyAverageSellPrice 96, DailySellQuantity 104, DailyAverageBuyPrice 112, "
            + "DailyBuyQuantity 120, DailyQuantityD1 128, DailyQuantityAvailable 192, PositionType 200, EventId 208");
        Layout<ConnectorOrder>(
            232,
            "Version 0, OrderId 8, Account 32, Asset 64, Quantity 96, TradedQuantity 104, LeavesQuantity 112, Price 120, StopPrice 128, AveragePrice 136, OrderSide 144, "
            + "OrderType 145, OrderStatus 146, ValidityType 147, Date 148, LastUpdate 164, CloseDate 180, ValidityDate 196, TextMessage 216, EventId 224");
        Layout<ConnectorOrderOut>(
            640,
            "Version 0, OrderId 8, Account 32, Asset 456, Quantity 496, TradedQuantity 504, LeavesQuantity 512, Price 520, StopPrice 528, AveragePrice 536, OrderSide 544, "
            + "Date 548, LastUpdate 564, CloseDate 580, ValidityDate 596, TextMessage 616, TextMessageLength 624, EventId 632");
        Layout<TradingMessageResult>(64, "Version 0, BrokerId 4, OrderId 8, MessageId 32, ResultCode 40, Message 48, MessageLength 56");
    }

    [Theory]
    [InlineData(0, "NL_OK")]
    [InlineData(-2147483645, "NL_INVALID_ARGS")]
    [InlineData(-2147483638, "NL_MARKET_ONLY")]
    [InlineData(-2147483616, "NL_NOT_MASTER_ACCOUNT")]
    [InlineData(-2147483602, "NL_HISTORY_PERIOD_LIMIT")]
    [InlineData(-2147483611, "0x80000025")]
    public void A_return_code_has_the_vendors_name_or_its_number(long code, string name) => ReturnCodes.Name(code).ShouldBe(name);

    [Theory]
    [InlineData("15/08/2025 09:30:01.250", "2025-08-15T09:30:01.250")]
    [InlineData("29/02/2024 23:59:59.999", "2024-02-29T23:59:59.999")]
    [InlineData("01/01/1970 00:00:00.001", "1970-01-01T00:00:00.001")]
    [InlineData("15/08/2025 09:30:01", "2025-08-15T09:30:01")]
    [InlineData("15/08/2025", "2025-08-15T00:00:00")]
    [InlineData("", null)]
    [InlineData("2025-08-15 09:30", null)]
    [InlineData("15/13/2025 09:30:01.250", null)]
    [InlineData("15/08/2025 0", null)]
    public unsafe void A_date_of_the_feed_is_read_where_it_lies(string text, string? expected)
    {
        text.ShouldNotBeNull();
        fixed (char* t = text)
        {
            var time = expected is null ? 0 : (DateTime.Parse(expected, System.Globalization.CultureInfo.InvariantCulture) - DateTime.UnixEpoch).Ticks * 100;
            NativeText.ReadDate((nint)t).ShouldBe(time);
        }

        NativeText.ReadDate(0).ShouldBe(0);
    }

    [Fact]
    public unsafe void Every_function_that_is_bound_answers()
    {
        using var sim = new ProfitFixture("offer WDOU25 add 0 0 5499.5 3");
        var source = sim.Source();
        var library = ProfitLibrary.Load(sim.Library);
        (library.HasTradesV2, library.HasPriceDepth, library.IsSimulator, library.IsFrozen()).ShouldBe((true, true, true, false));
        library.AgentName(39, isShort: true).ShouldBe("Agora");
        library.AgentName(120, isShort: false).ShouldBe("Genial Investimentos");
        library.AgentName(1_000_001, isShort: true).ShouldBeNull("desks have no name");
        library.TryGetServerClock(out var time).ShouldBeTrue();
        time.ShouldBe(new DateTime(2025, 8, 15, 9, 30, 0));

        library.SubscribeOfferBook("WDOU25", "F").ShouldBe(0);
        library.UnsubscribeOfferBook("WDOU25", "F").ShouldBe(0);
        library.SubscribePriceDepth("WDOU25", "F").ShouldBe(0);
        library.UnsubscribePriceDepth("WDOU25", "F").ShouldBe(0);
        library.UnsubscribeTicker("WDOU25", "F").ShouldBe(0);
        library.RequestTickerInfo("WDOU25", "F").ShouldBe(0);
        ReturnCodes.Name(library.SubscribeTicker("WDOU25", "BMF")).ShouldBe("NL_EXCHANGE_UNKNOWN");
        ReturnCodes.Name(library.SubscribeTicker("NONE", "F")).ShouldBe("NL_INVALID_TICKER");
        ReturnCodes.Name(library.RequestHistory("WDOU25", "F", time.AddDays(-31), time)).ShouldBe("NL_HISTORY_PERIOD_LIMIT");
        library.RequestHistory("WDOU25", "F", time.Date, time).ShouldBe(0);
        sim.Wait();

        // Outside of a callback, a trade is nobody's and a block was never given.
        sim.Expected.UnionWith([Counter.TranslateLate, Counter.FreeUnknown]);
        ConnectorTrade trade;
        library.TryTranslate(1234, &trade).ShouldBeFalse();
        library.Free(1234, 12).ShouldBeLessThan(0);
        library.TrySet("SetNewTradeCallback", 0).ShouldBeFalse("there is no such export");
        Should.Throw<InvalidOperationException>(() => library.LogIn("k", "u", "p", false, default)).Message.ShouldContain("once");
        source.Dispose();
        sim.Count(Counter.Finalized).ShouldBe(1);
    }

    [Fact]
    public void What_is_no_ProfitDLL_is_refused_by_name()
    {
        Should.Throw<ConfigurationException>(() => ProfitLibrary.Load("/nowhere/ProfitDLL64.dll")).Message.ShouldContain("does not exist");
        Should.Throw<ConfigurationException>(() => ProfitLibrary.Load("libc.so.6")).Message.ShouldContain("has no function DLLInitializeLogin");
        using var folder = new TemporaryFolder();
        var text = folder.Write("ProfitDLL64.dll", "no library");
        Should.Throw<ConfigurationException>(() => ProfitLibrary.Load(text)).Message.ShouldContain("cannot be loaded");
    }

    private static void Layout<T>(int size, string fields) where T : unmanaged
    {
        Unsafe.SizeOf<T>().ShouldBe(size, typeof(T).Name);
        foreach (var field in fields.Split(", "))
        {
            var (name, offset) = (field.Split(' ')[0], int.Parse(field.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
            ((int)Marshal.OffsetOf<T>(name)).ShouldBe(offset, $"{typeof(T).Name}.{name}");
        }
    }
}
