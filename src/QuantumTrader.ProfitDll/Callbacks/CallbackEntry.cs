using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QuantumTrader.ProfitDll.Native;

namespace QuantumTrader.ProfitDll.Callbacks;

/// <summary>
/// The functions that the vendor calls. They carry no state of ours, so the one session of the process is found here. 16-bit flags are
/// read as such: the upper bits of their slots may hold anything.
/// </summary>
internal static unsafe class CallbackEntry
{
    private static CallbackTarget? _target;
    private static OrderTarget? _orders;

    /// <summary>Who gets the callbacks now; null for nobody.</summary>
    public static CallbackTarget? Target => _target;

    /// <summary>Who gets the callbacks from now on, and who those of orders; false when there is somebody already.</summary>
    public static bool TryAttach(CallbackTarget target, OrderTarget? orders = null)
    {
        var isFree = Interlocked.CompareExchange(ref _target, target, null) is null;
        if (isFree)
        {
            _orders = orders;
        }

        return isFree;
    }

    /// <summary>Nobody gets them any more; late ones are ignored.</summary>
    public static void Detach(CallbackTarget target)
    {
        if (Interlocked.CompareExchange(ref _target, null, target) == target)
        {
            _orders = null;
        }
    }

    /// <summary>The callbacks for the login. Those that a setter brings in a newer form stay empty here, or every event would come twice.</summary>
    public static LoginCallbacks ForLogin(bool tradesV2) => new(
        (nint)(delegate* unmanaged<int, int, void>)&OnState,
        tradesV2 ? 0 : (nint)(delegate* unmanaged<AssetRecord, nint, uint, double, double, int, int, int, int, ushort, void>)&OnTrade,
        (nint)(delegate* unmanaged<AssetRecord, nint, double, double, double, double, double, double, double, double, double, double, int, int, int, int, int, int, int, void>)&OnDaily,
        tradesV2 ? 0 : (nint)(delegate* unmanaged<AssetRecord, nint, uint, double, double, int, int, int, int, void>)&OnOldTrade,
        (nint)(delegate* unmanaged<AssetRecord, int, void>)&OnProgress,
        (nint)(delegate* unmanaged<AssetRecord, double, int, int, void>)&OnTinyBook);

    /// <summary>Registers what has a setter, as far as this version has it.</summary>
    public static void RegisterSetters(ProfitLibrary library, bool tradesV2, BookFeed book)
    {
        if (tradesV2)
        {
            library.TrySet("SetTradeCallbackV2", (nint)(delegate* unmanaged<AssetIdentifier, nint, uint, void>)&OnTradeV2);
            if (!library.TrySet("SetHistoryTradeCallbackV2", (nint)(delegate* unmanaged<AssetIdentifier, nint, uint, void>)&OnOldTradeV2))
            {
                library.TrySet("SetHistoryTradeCallback", (nint)(delegate* unmanaged<AssetRecord, nint, uint, double, double, int, int, int, int, void>)&OnOldTrade);
            }
        }

        if (book == BookFeed.Offers && !library.TrySet(
            "SetOfferBookCallbackV2",
            (nint)(delegate* unmanaged<AssetRecord, int, int, int, long, int, long, double, ushort, ushort, ushort, ushort, ushort, nint, nint, nint, void>)&OnOfferV2))
        {
            library.TrySet(
                "SetOfferBookCallback",
                (nint)(delegate* unmanaged<AssetRecord, int, int, int, int, int, long, double, ushort, ushort, ushort, ushort, ushort, nint, nint, nint, void>)&OnOffer);
        }

        if (book == BookFeed.Depth)
        {
            library.TrySet("SetPriceDepthCallback", (nint)(delegate* unmanaged<AssetIdentifier, byte, int, byte, void>)&OnDepth);
        }

        library.TrySet("SetTheoreticalPriceCallback", (nint)(delegate* unmanaged<AssetRecord, double, long, void>)&OnTheoretical);
        library.TrySet("SetChangeStateTickerCallback", (nint)(delegate* unmanaged<AssetRecord, nint, int, void>)&OnAssetState);
        library.TrySet(
            "SetAssetListInfoCallback",
            (nint)(delegate* unmanaged<AssetRecord, nint, nint, long, long, long, int, int, double, double, nint, nint, void>)&OnAssetInfo);
        library.TrySet("SetInvalidTickerCallback", (nint)(delegate* unmanaged<AssetIdentifier, void>)&OnInvalidTicker);
        library.TrySet("SetHealthCallback", (nint)(delegate* unmanaged<int, void>)&OnHealth);
    }

    /// <summary>Registers the callbacks of orders.</summary>
    public static void RegisterOrders(ProfitLibrary library)
    {
        library.TrySet("SetOrderCallback", (nint)(delegate* unmanaged<OrderIdentifier, void>)&OnOrder);
        library.TrySet("SetTradingMessageResultCallback", (nint)(delegate* unmanaged<TradingMessageResult*, void>)&OnMessageResult);
    }

    /// <summary>A trade callback that does nothing, to measure what the others cost.</summary>
    public static nint EmptyTradeV2 => (nint)(delegate* unmanaged<AssetIdentifier, nint, uint, void>)&OnNothing;

    /// <summary>The trade callback alone, to measure it.</summary>
    public static nint TradeV2 => (nint)(delegate* unmanaged<AssetIdentifier, nint, uint, void>)&OnTradeV2;

    [UnmanagedCallersOnly]
    private static void OnState(int type, int result) => _target?.OnState(type, result);

    [UnmanagedCallersOnly]
    private static void OnTradeV2(AssetIdentifier asset, nint trade, uint flags) => _target?.OnTrade(RecordKind.Trade, asset.Ticker, trade, flags);

    [UnmanagedCallersOnly]
    private static void OnOldTradeV2(AssetIdentifier asset, nint trade, uint flags) => _target?.OnTrade(RecordKind.OldTrade, asset.Ticker, trade, flags);

    [UnmanagedCallersOnly]
    private static void OnTrade(AssetRecord asset, nint date, uint number, double price, double volume, int quantity, int buyer, int seller, int type, ushort isEdit) =>
        _target?.OnTrade(RecordKind.Trade, asset.Ticker, date, number, price, quantity, buyer, seller, type, isEdit != 0 ? CallbackRecord.IsEdit : (byte)0);

    [UnmanagedCallersOnly]
    private static void OnOldTrade(AssetRecord asset, nint date, uint number, double price, double volume, int quantity, int buyer, int seller, int type) =>
        _target?.OnTrade(RecordKind.OldTrade, asset.Ticker, date, number, price, quantity, buyer, seller, type, 0);

    [UnmanagedCallersOnly]
    private static void OnDaily(
        AssetRecord asset, nint date, double open, double high, double low, double close, double volume, double adjust, double maxLimit, double minLimit,
        double volumeBuyer, double volumeSeller, int quantity, int trades, int openContracts, int quantityBuyer, int quantitySeller, int tradesBuyer, int tradesSeller) =>
        _target?.OnDaily(asset.Ticker, date, open, high, low, close, adjust, maxLimit, minLimit, openContracts);

    [UnmanagedCallersOnly]
    private static void OnProgress(AssetRecord asset, int percent) => _target?.OnProgress(asset.Ticker, percent);

    [UnmanagedCallersOnly]
    private static void OnTinyBook(AssetRecord asset, double price, int quantity, int side) => _target?.OnTinyBook(asset.Ticker, price, quantity, side);

    [UnmanagedCallersOnly]
    private static void OnOffer(
        AssetRecord asset, int action, int position, int side, int quantity, int agent, long id, double price, ushort hasPrice, ushort hasQuantity, ushort hasDate,
        ushort hasId, ushort hasAgent, nint date, nint sell, nint buy) =>
        _target?.OnOffer(asset.Ticker, action, position, side, quantity, agent, id, price, Has(hasPrice, hasQuantity), sell, buy, isWide: false);

    [UnmanagedCallersOnly]
    private static void OnOfferV2(
        AssetRecord asset, int action, int position, int side, long quantity, int agent, long id, double price, ushort hasPrice, ushort hasQuantity, ushort hasDate,
        ushort hasId, ushort hasAgent, nint date, nint sell, nint buy) =>
        _target?.OnOffer(asset.Ticker, action, position, side, quantity, agent, id, price, Has(hasPrice, hasQuantity), sell, buy, isWide: true);

    [UnmanagedCallersOnly]
    private static void OnDepth(AssetIdentifier asset, byte side, int position, byte type) => _target?.OnDepth(&asset, side, position, type);

    [UnmanagedCallersOnly]
    private static void OnTheoretical(AssetRecord asset, double price, long quantity) => _target?.OnTheoretical(asset.Ticker, price, quantity);

    [UnmanagedCallersOnly]
    private static void OnAssetState(AssetRecord asset, nint date, int state) => _target?.OnAssetState(asset.Ticker, date, state);

    [UnmanagedCallersOnly]
    private static void OnAssetInfo(
        AssetRecord asset, nint name, nint description, long minQuantity, long maxQuantity, long lot, int type, int subType, double increment, double multiplier,
        nint validity, nint isin) => _target?.OnAssetInfo(asset.Ticker, increment, multiplier);

    [UnmanagedCallersOnly]
    private static void OnInvalidTicker(AssetIdentifier asset) => _target?.OnInvalidTicker(asset.Ticker);

    [UnmanagedCallersOnly]
    private static void OnHealth(int state) => _target?.OnHealth(state);

    [UnmanagedCallersOnly]
    private static void OnOrder(OrderIdentifier order) => _orders?.OnOrder(order.LocalOrderId);

    [UnmanagedCallersOnly]
    private static void OnMessageResult(TradingMessageResult* result) => _orders?.OnMessageResult(result->OrderId.LocalOrderId, result->ResultCode);

    [UnmanagedCallersOnly]
    private static void OnNothing(AssetIdentifier asset, nint trade, uint flags)
    {
    }

    /// <summary>The flags of an offer that a record keeps.</summary>
    public static byte Has(ushort price, ushort quantity) => (byte)((price != 0 ? CallbackRecord.HasPrice : 0) | (quantity != 0 ? CallbackRecord.HasQuantity : 0));
}
