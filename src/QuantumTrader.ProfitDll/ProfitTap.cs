using System.Diagnostics;
using System.Runtime.InteropServices;
using QuantumTrader.Dataflow;
using QuantumTrader.ProfitDll.Callbacks;
using QuantumTrader.ProfitDll.Native;

namespace QuantumTrader.ProfitDll;

/// <summary>
/// Lets a program that uses ProfitDLL already keep its session and its callbacks, and feed a pipeline besides. For each callback that it
/// registers, it registers what the method of the same name here makes of it: that calls the program's own first, and always, with what
/// the vendor gave, and then the source of the pipeline, whose failure it swallows and counts. The pipeline says
/// <c>profitdll: { tap: true }</c>: it neither logs in nor subscribes nor logs out. As ProfitDLL serves a process once, so does this.
/// <para>Only of a full book of offers is a copy taken before the program's own callback, because that gives its memory back.</para>
/// </summary>
/// <example>
/// <code>DLLInitializeMarketLogin(key, user, password, ProfitTap.State(myState), ProfitTap.Trade(myTrade), ...);</code>
/// </example>
public static unsafe class ProfitTap
{
    private const int FullBook = 4;

    private static nint s_state, s_trade, s_tradeV2, s_oldTrade, s_oldTradeV2, s_daily, s_progress, s_tinyBook, s_offer, s_offerV2, s_depth, s_theoretical, s_assetState;
    private static long s_failures;

    /// <summary>What the pipeline's part of the callbacks took, beside the program's own.</summary>
    public static LatencyHistogram Overhead { get; } = new();

    /// <summary>Times that the pipeline's part failed; the program saw nothing of it.</summary>
    public static long Failures => Volatile.Read(ref s_failures);

    /// <summary>For <c>TStateCallback</c>. All of these take the program's own function, 0 for none, and give the one to register.</summary>
    public static nint State(nint own) => Keep(ref s_state, own, (nint)(delegate* unmanaged<int, int, void>)&OnState);

    /// <summary>For <c>TNewTradeCallback</c>.</summary>
    public static nint Trade(nint own) => Keep(ref s_trade, own, (nint)(delegate* unmanaged<AssetRecord, nint, uint, double, double, int, int, int, int, ushort, void>)&OnTrade);

    /// <summary>For <c>TConnectorTradeCallback</c> of live trades.</summary>
    public static nint TradeV2(nint own) => Keep(ref s_tradeV2, own, (nint)(delegate* unmanaged<AssetIdentifier, nint, uint, void>)&OnTradeV2);

    /// <summary>For <c>THistoryTradeCallback</c>.</summary>
    public static nint HistoryTrade(nint own) => Keep(ref s_oldTrade, own, (nint)(delegate* unmanaged<AssetRecord, nint, uint, double, double, int, int, int, int, void>)&OnOldTrade);

    /// <summary>For <c>TConnectorTradeCallback</c> of trades of the past.</summary>
    public static nint HistoryTradeV2(nint own) => Keep(ref s_oldTradeV2, own, (nint)(delegate* unmanaged<AssetIdentifier, nint, uint, void>)&OnOldTradeV2);

    /// <summary>For <c>TNewDailyCallback</c>.</summary>
    public static nint Daily(nint own) => Keep(
        ref s_daily, own,
        (nint)(delegate* unmanaged<AssetRecord, nint, double, double, double, double, double, double, double, double, double, double, int, int, int, int, int, int, int, void>)&OnDaily);

    /// <summary>For <c>TProgressCallback</c>.</summary>
    public static nint Progress(nint own) => Keep(ref s_progress, own, (nint)(delegate* unmanaged<AssetRecord, int, void>)&OnProgress);

    /// <summary>For <c>TTinyBookCallback</c>.</summary>
    public static nint TinyBook(nint own) => Keep(ref s_tinyBook, own, (nint)(delegate* unmanaged<AssetRecord, double, int, int, void>)&OnTinyBook);

    /// <summary>For <c>TOfferBookCallback</c>.</summary>
    public static nint OfferBook(nint own) => Keep(
        ref s_offer, own, (nint)(delegate* unmanaged<AssetRecord, int, int, int, int, int, long, double, ushort, ushort, ushort, ushort, ushort, nint, nint, nint, void>)&OnOffer);

    /// <summary>For <c>TOfferBookCallbackV2</c>.</summary>
    public static nint OfferBookV2(nint own) => Keep(
        ref s_offerV2, own, (nint)(delegate* unmanaged<AssetRecord, int, int, int, long, int, long, double, ushort, ushort, ushort, ushort, ushort, nint, nint, nint, void>)&OnOfferV2);

    /// <summary>For <c>TConnectorPriceDepthCallback</c>.</summary>
    public static nint PriceDepth(nint own) => Keep(ref s_depth, own, (nint)(delegate* unmanaged<AssetIdentifier, byte, int, byte, void>)&OnDepth);

    /// <summary>For <c>TTheoreticalPriceCallback</c>.</summary>
    public static nint TheoreticalPrice(nint own) => Keep(ref s_theoretical, own, (nint)(delegate* unmanaged<AssetRecord, double, long, void>)&OnTheoretical);

    /// <summary>For <c>TChangeStateTicker</c>.</summary>
    public static nint AssetState(nint own) => Keep(ref s_assetState, own, (nint)(delegate* unmanaged<AssetRecord, nint, int, void>)&OnAssetState);

    private static nint Keep(ref nint place, nint own, nint ours)
    {
        Volatile.Write(ref place, own);
        return ours;
    }

    [UnmanagedCallersOnly]
    private static void OnState(int type, int result)
    {
        if (s_state != 0)
        {
            ((delegate* unmanaged<int, int, void>)s_state)(type, result);
        }

        Tell((type, result), static (target, a) => target.OnState(a.type, a.result));
    }

    [UnmanagedCallersOnly]
    private static void OnTrade(AssetRecord asset, nint date, uint number, double price, double volume, int quantity, int buyer, int seller, int type, ushort isEdit)
    {
        if (s_trade != 0)
        {
            ((delegate* unmanaged<AssetRecord, nint, uint, double, double, int, int, int, int, ushort, void>)s_trade)(asset, date, number, price, volume, quantity, buyer, seller, type, isEdit);
        }

        Tell(
            (asset, date, number, price, quantity, buyer, seller, type, isEdit),
            static (target, a) => target.OnTrade(
                RecordKind.Trade, a.asset.Ticker, a.date, a.number, a.price, a.quantity, a.buyer, a.seller, a.type, a.isEdit != 0 ? CallbackRecord.IsEdit : (byte)0));
    }

    [UnmanagedCallersOnly]
    private static void OnTradeV2(AssetIdentifier asset, nint trade, uint flags)
    {
        if (s_tradeV2 != 0)
        {
            ((delegate* unmanaged<AssetIdentifier, nint, uint, void>)s_tradeV2)(asset, trade, flags);
        }

        Tell((asset, trade, flags), static (target, a) => target.OnTrade(RecordKind.Trade, a.asset.Ticker, a.trade, a.flags));
    }

    [UnmanagedCallersOnly]
    private static void OnOldTrade(AssetRecord asset, nint date, uint number, double price, double volume, int quantity, int buyer, int seller, int type)
    {
        if (s_oldTrade != 0)
        {
            ((delegate* unmanaged<AssetRecord, nint, uint, double, double, int, int, int, int, void>)s_oldTrade)(asset, date, number, price, volume, quantity, buyer, seller, type);
        }

        Tell(
            (asset, date, number, price, quantity, buyer, seller, type),
            static (target, a) => target.OnTrade(RecordKind.OldTrade, a.asset.Ticker, a.date, a.number, a.price, a.quantity, a.buyer, a.seller, a.type, 0));
    }

    [UnmanagedCallersOnly]
    private static void OnOldTradeV2(AssetIdentifier asset, nint trade, uint flags)
    {
        if (s_oldTradeV2 != 0)
        {
            ((delegate* unmanaged<AssetIdentifier, nint, uint, void>)s_oldTradeV2)(asset, trade, flags);
        }

        Tell((asset, trade, flags), static (target, a) => target.OnTrade(RecordKind.OldTrade, a.asset.Ticker, a.trade, a.flags));
    }

    [UnmanagedCallersOnly]
    private static void OnDaily(
        AssetRecord asset, nint date, double open, double high, double low, double close, double volume, double adjust, double maxLimit, double minLimit,
        double volumeBuyer, double volumeSeller, int quantity, int trades, int openContracts, int quantityBuyer, int quantitySeller, int tradesBuyer, int tradesSeller)
    {
        if (s_daily != 0)
        {
            ((delegate* unmanaged<AssetRecord, nint, double, double, double, double, double, double, double, double, double, double, int, int, int, int, int, int, int, void>)s_daily)(
                asset, date, open, high, low, close, volume, adjust, maxLimit, minLimit, volumeBuyer, volumeSeller, quantity, trades, openContracts, quantityBuyer, quantitySeller,
                tradesBuyer, tradesSeller);
        }

        Tell(
            (asset, date, open, high, low, close, adjust, maxLimit, minLimit, openContracts),
            static (target, a) => target.OnDaily(a.asset.Ticker, a.date, a.open, a.high, a.low, a.close, a.adjust, a.maxLimit, a.minLimit, a.openContracts));
    }

    [UnmanagedCallersOnly]
    private static void OnProgress(AssetRecord asset, int percent)
    {
        if (s_progress != 0)
        {
            ((delegate* unmanaged<AssetRecord, int, void>)s_progress)(asset, percent);
        }

        Tell((asset, percent), static (target, a) => target.OnProgress(a.asset.Ticker, a.percent));
    }

    [UnmanagedCallersOnly]
    private static void OnTinyBook(AssetRecord asset, double price, int quantity, int side)
    {
        if (s_tinyBook != 0)
        {
            ((delegate* unmanaged<AssetRecord, double, int, int, void>)s_tinyBook)(asset, price, quantity, side);
        }

        Tell((asset, price, quantity, side), static (target, a) => target.OnTinyBook(a.asset.Ticker, a.price, a.quantity, a.side));
    }

    [UnmanagedCallersOnly]
    private static void OnOffer(
        AssetRecord asset, int action, int position, int side, int quantity, int agent, long id, double price, ushort hasPrice, ushort hasQuantity, ushort hasDate,
        ushort hasId, ushort hasAgent, nint date, nint sell, nint buy)
    {
        var change = new Offer(asset.Ticker, action, position, side, quantity, agent, id, price, CallbackEntry.Has(hasPrice, hasQuantity), sell, buy, IsWide: false);
        change.TellBefore();
        if (s_offer != 0)
        {
            ((delegate* unmanaged<AssetRecord, int, int, int, int, int, long, double, ushort, ushort, ushort, ushort, ushort, nint, nint, nint, void>)s_offer)(
                asset, action, position, side, quantity, agent, id, price, hasPrice, hasQuantity, hasDate, hasId, hasAgent, date, sell, buy);
        }

        change.TellBehind();
    }

    [UnmanagedCallersOnly]
    private static void OnOfferV2(
        AssetRecord asset, int action, int position, int side, long quantity, int agent, long id, double price, ushort hasPrice, ushort hasQuantity, ushort hasDate,
        ushort hasId, ushort hasAgent, nint date, nint sell, nint buy)
    {
        var change = new Offer(asset.Ticker, action, position, side, quantity, agent, id, price, CallbackEntry.Has(hasPrice, hasQuantity), sell, buy, IsWide: true);
        change.TellBefore();
        if (s_offerV2 != 0)
        {
            ((delegate* unmanaged<AssetRecord, int, int, int, long, int, long, double, ushort, ushort, ushort, ushort, ushort, nint, nint, nint, void>)s_offerV2)(
                asset, action, position, side, quantity, agent, id, price, hasPrice, hasQuantity, hasDate, hasId, hasAgent, date, sell, buy);
        }

        change.TellBehind();
    }

    [UnmanagedCallersOnly]
    private static void OnDepth(AssetIdentifier asset, byte side, int position, byte type)
    {
        if (s_depth != 0)
        {
            ((delegate* unmanaged<AssetIdentifier, byte, int, byte, void>)s_depth)(asset, side, position, type);
        }

        Tell((asset, side, position, type), static (target, a) => target.OnDepth(&a.asset, a.side, a.position, a.type));
    }

    [UnmanagedCallersOnly]
    private static void OnTheoretical(AssetRecord asset, double price, long quantity)
    {
        if (s_theoretical != 0)
        {
            ((delegate* unmanaged<AssetRecord, double, long, void>)s_theoretical)(asset, price, quantity);
        }

        Tell((asset, price, quantity), static (target, a) => target.OnTheoretical(a.asset.Ticker, a.price, a.quantity));
    }

    [UnmanagedCallersOnly]
    private static void OnAssetState(AssetRecord asset, nint date, int state)
    {
        if (s_assetState != 0)
        {
            ((delegate* unmanaged<AssetRecord, nint, int, void>)s_assetState)(asset, date, state);
        }

        Tell((asset, date, state), static (target, a) => target.OnAssetState(a.asset.Ticker, a.date, a.state));
    }

    // The delegates are static lambdas, made once each.
    private static void Tell<T>(T arguments, Action<CallbackTarget, T> tell)
    {
        if (CallbackEntry.Target is not { } target)
        {
            return;
        }

        var start = Stopwatch.GetTimestamp();
        try
        {
            tell(target, arguments);
        }
        catch (Exception)
        {
            Interlocked.Increment(ref s_failures);
        }

        Overhead.Record(Stopwatch.GetTimestamp() - start, 1);
    }

    /// <summary>A callback of the offer book in either form.</summary>
    private readonly record struct Offer(
        nint Ticker, int Action, int Position, int Side, long Quantity, int Agent, long Id, double Price, byte Has, nint Sell, nint Buy, bool IsWide)
    {
        public void TellBefore()
        {
            if (Action == FullBook)
            {
                Tell(this, Pass);
            }
        }

        public void TellBehind()
        {
            if (Action != FullBook)
            {
                Tell(this, Pass);
            }
        }

        private static readonly Action<CallbackTarget, Offer> Pass = static (target, o) =>
            target.OnOffer(o.Ticker, o.Action, o.Position, o.Side, o.Quantity, o.Agent, o.Id, o.Price, o.Has, o.Sell, o.Buy, o.IsWide);
    }
}
