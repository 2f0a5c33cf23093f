using System.Globalization;
using System.Runtime.InteropServices;
using QuantumTrader.ProfitDll;
using QuantumTrader.ProfitDll.Native;

namespace QuantumTrader.Tests.ProfitDll;

/// <summary>A program of somebody else's: it has the session, its own callbacks as delegates, and writes down what each was told.</summary>
internal sealed unsafe class TappedProgram
{
    private readonly List<Delegate> _rooted = [];
    private readonly ProfitLibrary _library;
    private readonly bool _isTapped;

    public TappedProgram(ProfitFixture sim, bool isTapped, bool isOld)
    {
        (_library, _isTapped) = (ProfitLibrary.Load(sim.Library), isTapped);
        var callbacks = new LoginCallbacks(
            Own<OnState>((type, result) => See("state", type, result), ProfitTap.State),
            isOld ? Own<OnTrade>((a, date, number, price, volume, quantity, buyer, seller, type, isEdit) => See("trade", Text(a.Ticker), Text(date), number, price, volume, quantity, buyer, seller, type, isEdit), ProfitTap.Trade) : 0,
            Own<OnDaily>((a, date, o, h, l, c, v, adjust, max, min, vb, vs, q, t, oc, qb, qs, tb, ts) => See("daily", Text(a.Ticker), Text(date), o, h, l, c, v, adjust, max, min, vb, vs, q, t, oc, qb, qs, tb, ts), ProfitTap.Daily),
            isOld ? Own<OnOldTrade>((a, date, number, price, volume, quantity, buyer, seller, type) => See("old", Text(a.Ticker), Text(date), number, price, volume, quantity, buyer, seller, type), ProfitTap.HistoryTrade) : 0,
            Own<OnProgress>((a, percent) => See("progress", Text(a.Ticker), percent), ProfitTap.Progress),
            Own<OnTinyBook>((a, price, quantity, side) => See("tiny", Text(a.Ticker), price, quantity, side), ProfitTap.TinyBook));
        _library.LogIn("key", "user", "password", false, in callbacks);
        Set("SetPriceDepthCallback", Own<OnDepth>(SeeDepth, ProfitTap.PriceDepth));
        Set("SetTheoreticalPriceCallback", Own<OnTheoretical>((a, price, quantity) => See("theoretical", Text(a.Ticker), price, quantity), ProfitTap.TheoreticalPrice));
        Set("SetChangeStateTickerCallback", Own<OnAssetState>((a, date, state) =>
        {
            WaitingThen = Waiting?.Invoke();
            See("status", Text(a.Ticker), Text(date), state);
        }, ProfitTap.AssetState));
        if (isOld)
        {
            Set("SetOfferBookCallback", Own<OnOffer>(
                (a, action, position, side, quantity, agent, id, price, p, q, d, i, g, date, sell, buy) => SeeOffer(a, action, position, side, quantity, agent, id, price, [p, q, d, i, g], sell, buy), ProfitTap.OfferBook));
        }
        else
        {
            Set("SetTradeCallbackV2", Own<OnTradeV2>((a, trade, flags) => SeeTrade("trade", a, trade, flags), ProfitTap.TradeV2));
            Set("SetHistoryTradeCallbackV2", Own<OnTradeV2>((a, trade, flags) => SeeTrade("old", a, trade, flags), ProfitTap.HistoryTradeV2));
            Set("SetOfferBookCallbackV2", Own<OnOfferV2>(
                (a, action, position, side, quantity, agent, id, price, p, q, d, i, g, date, sell, buy) => SeeOffer(a, action, position, side, quantity, agent, id, price, [p, q, d, i, g], sell, buy), ProfitTap.OfferBookV2));
        }

        sim.Wait();
        _library.SubscribeTicker(ProfitFixture.Ticker, "F");
        _library.SubscribeOfferBook(ProfitFixture.Ticker, "F");
        _library.SubscribePriceDepth(ProfitFixture.Ticker, "F");
        sim.Wait();
    }

    private delegate void OnState(int type, int result);

    private delegate void OnTrade(AssetRecord asset, nint date, uint number, double price, double volume, int quantity, int buyer, int seller, int type, ushort isEdit);

    private delegate void OnOldTrade(AssetRecord asset, nint date, uint number, double price, double volume, int quantity, int buyer, int seller, int type);

    private delegate void OnTradeV2(AssetIdentifier asset, nint trade, uint flags);

    private delegate void OnDaily(
        AssetRecord asset, nint date, double open, double high, double low, double close, double volume, double adjust, double maxLimit, double minLimit,
        double volumeBuyer, double volumeSeller, int quantity, int trades, int openContracts, int quantityBuyer, int quantitySeller, int tradesBuyer, int tradesSeller);

    private delegate void OnProgress(AssetRecord asset, int percent);

    private delegate void OnTinyBook(AssetRecord asset, double price, int quantity, int side);

    private delegate void OnOffer(
        AssetRecord asset, int action, int position, int side, int quantity, int agent, long id, double price, ushort hasPrice, ushort hasQuantity, ushort hasDate,
        ushort hasId, ushort hasAgent, nint date, nint sell, nint buy);

    private delegate void OnOfferV2(
        AssetRecord asset, int action, int position, int side, long quantity, int agent, long id, double price, ushort hasPrice, ushort hasQuantity, ushort hasDate,
        ushort hasId, ushort hasAgent, nint date, nint sell, nint buy);

    private delegate void OnDepth(AssetIdentifier asset, byte side, int position, byte type);

    private delegate void OnTheoretical(AssetRecord asset, double price, long quantity);

    private delegate void OnAssetState(AssetRecord asset, nint date, int state);

    /// <summary>How long its callback of trades takes.</summary>
    public TimeSpan Slowness { get; set; }

    /// <summary>How much waits for the pipeline, and how much did when the state of an asset was told.</summary>
    public Func<double>? Waiting { get; set; }

    public double? WaitingThen { get; private set; }

    /// <summary>Every callback, in order, with all that it was told.</summary>
    public List<string> Seen { get; } = [];

    public void AskForHistory(DateTime day) => _library.RequestHistory(ProfitFixture.Ticker, "F", day, day.AddDays(1)).ShouldBe(0);

    public void End()
    {
        _library.LogOut().ShouldBe(0);
        GC.KeepAlive(_rooted);
    }

    private nint Own<T>(T own, Func<nint, nint> tap) where T : Delegate
    {
        _rooted.Add(own);
        var address = Marshal.GetFunctionPointerForDelegate(own);
        return _isTapped ? tap(address) : address;
    }

    private void Set(string setter, nint callback) => _library.TrySet(setter, callback).ShouldBeTrue(setter);

    private void See(string what, params object[] told) => Seen.Add($"{what} {string.Join(' ', told.Select(t => Convert.ToString(t, CultureInfo.InvariantCulture)))}");

    private void SeeTrade(string what, AssetIdentifier asset, nint trade, uint flags)
    {
        Thread.Sleep(Slowness);
        ConnectorTrade t;
        _library.TryTranslate(trade, &t).ShouldBeTrue();
        See(what, Text(asset.Ticker), flags, t.TradeNumber, t.Price, t.Quantity, t.Volume, t.BuyAgent, t.SellAgent, t.TradeType, t.TradeDate.Hour, t.TradeDate.Minute, t.TradeDate.Millisecond);
    }

    private void SeeDepth(AssetIdentifier asset, byte side, int position, byte type)
    {
        PriceGroup group = default;
        _library.TryGetPriceGroup(&asset, side, position, &group);
        See("depth", Text(asset.Ticker), side, position, type, group.Price, group.Quantity);
    }

    private void SeeOffer(AssetRecord asset, int action, int position, int side, long quantity, int agent, long id, double price, ushort[] has, nint sell, nint buy)
    {
        See("offer", Text(asset.Ticker), action, position, side, quantity, agent, id, price, string.Join(',', has));
        foreach (var block in new[] { sell, buy }.Where(b => b != 0))
        {
            // As samples do: read it, give it back.
            var size = ((int*)block)[1];
            See("page", Convert.ToHexString(new ReadOnlySpan<byte>((void*)block, size)));
            _library.Free(block, size).ShouldBe(0);
        }
    }

    private static string Text(nint text) => Marshal.PtrToStringUni(text) ?? "";
}
