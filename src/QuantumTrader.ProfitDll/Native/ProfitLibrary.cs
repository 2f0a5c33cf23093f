using System.Reflection;
using System.Runtime.InteropServices;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ProfitDll.Native;

/// <summary>
/// The exported functions of one loaded ProfitDLL. It is never unloaded: threads of the vendor may still be inside.
/// </summary>
internal sealed unsafe class ProfitLibrary
{
    private static readonly HashSet<nint> Initialized = [];

    private readonly nint _handle;
    private readonly string _path;
    private readonly SortedDictionary<string, bool> _exports = new(StringComparer.Ordinal);

    private readonly delegate* unmanaged<char*, char*, char*, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, int> _initializeLogin;
    private readonly delegate* unmanaged<char*, char*, char*, nint, nint, nint, nint, nint, nint, nint, nint, int> _initializeMarketLogin;
    private readonly delegate* unmanaged<int> _finalize;
    private readonly delegate* unmanaged<char*, char*, int> _setServerAndPort;
    private readonly delegate* unmanaged<double*, int*, int*, int*, int*, int*, int*, int*, int> _serverClock;
    private readonly delegate* unmanaged<int*, int> _healthStatus;
    private readonly delegate* unmanaged<char*, char*, int> _subscribeTicker;
    private readonly delegate* unmanaged<char*, char*, int> _unsubscribeTicker;
    private readonly delegate* unmanaged<char*, char*, int> _subscribeOfferBook;
    private readonly delegate* unmanaged<char*, char*, int> _unsubscribeOfferBook;
    private readonly delegate* unmanaged<char*, char*, int> _requestTickerInfo;
    private readonly delegate* unmanaged<AssetIdentifier*, int> _subscribePriceDepth;
    private readonly delegate* unmanaged<AssetIdentifier*, int> _unsubscribePriceDepth;
    private readonly delegate* unmanaged<AssetIdentifier*, byte, int> _priceDepthSideCount;
    private readonly delegate* unmanaged<AssetIdentifier*, byte, int, PriceGroup*, int> _priceGroup;
    private readonly delegate* unmanaged<AssetIdentifier*, double*, long*, int> _theoreticalValues;
    private readonly delegate* unmanaged<char*, char*, char*, char*, int> _historyTrades;
    private readonly delegate* unmanaged<nint, ConnectorTrade*, int> _translateTrade;
    private readonly delegate* unmanaged<nint, int, int> _freePointer;
    private readonly delegate* unmanaged<int, uint, int> _agentNameLength;
    private readonly delegate* unmanaged<int, int, char*, uint, int> _agentName;

    private ProfitLibrary(nint handle, string path)
    {
        (_handle, _path) = (handle, path);
        _initializeLogin = (delegate* unmanaged<char*, char*, char*, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, int>)Require("DLLInitializeLogin");
        _initializeMarketLogin = (delegate* unmanaged<char*, char*, char*, nint, nint, nint, nint, nint, nint, nint, nint, int>)Require("DLLInitializeMarketLogin");
        _finalize = (delegate* unmanaged<int>)Require("DLLFinalize");
        _setServerAndPort = (delegate* unmanaged<char*, char*, int>)Find("SetServerAndPort");
        _serverClock = (delegate* unmanaged<double*, int*, int*, int*, int*, int*, int*, int*, int>)Find("GetServerClock");
        _healthStatus = (delegate* unmanaged<int*, int>)Find("GetHealthStatus");
        _subscribeTicker = (delegate* unmanaged<char*, char*, int>)Require("SubscribeTicker");
        _unsubscribeTicker = (delegate* unmanaged<char*, char*, int>)Require("UnsubscribeTicker");
        _subscribeOfferBook = (delegate* unmanaged<char*, char*, int>)Require("SubscribeOfferBook");
        _unsubscribeOfferBook = (delegate* unmanaged<char*, char*, int>)Require("UnsubscribeOfferBook");
        _requestTickerInfo = (delegate* unmanaged<char*, char*, int>)Find("RequestTickerInfo");
        _subscribePriceDepth = (delegate* unmanaged<AssetIdentifier*, int>)Find("SubscribePriceDepth");
        _unsubscribePriceDepth = (delegate* unmanaged<AssetIdentifier*, int>)Find("UnsubscribePriceDepth");
        _priceDepthSideCount = (delegate* unmanaged<AssetIdentifier*, byte, int>)Find("GetPriceDepthSideCount");
        _priceGroup = (delegate* unmanaged<AssetIdentifier*, byte, int, PriceGroup*, int>)Find("GetPriceGroup");
        _theoreticalValues = (delegate* unmanaged<AssetIdentifier*, double*, long*, int>)Find("GetTheoreticalValues");
        _historyTrades = (delegate* unmanaged<char*, char*, char*, char*, int>)Require("GetHistoryTrades");
        _translateTrade = (delegate* unmanaged<nint, ConnectorTrade*, int>)Find("TranslateTrade");
        _freePointer = (delegate* unmanaged<nint, int, int>)Require("FreePointer");
        _agentNameLength = (delegate* unmanaged<int, uint, int>)Find("GetAgentNameLength");
        _agentName = (delegate* unmanaged<int, int, char*, uint, int>)Find("GetAgentName");
    }

    /// <summary>The library brings trades by <c>SetTradeCallbackV2</c>.</summary>
    public bool HasTradesV2 => _translateTrade != null && Find("SetTradeCallbackV2") != 0;

    /// <summary>The library keeps the book by price (4.0.0.31 and later).</summary>
    public bool HasPriceDepth => _subscribePriceDepth != null && _unsubscribePriceDepth != null && _priceDepthSideCount != null && _priceGroup != null && Find("SetPriceDepthCallback") != 0;

    /// <summary>The library is the simulator of this project.</summary>
    public bool IsSimulator => NativeLibrary.TryGetExport(_handle, "SimRun", out _);

    /// <summary>Loads a library.</summary>
    /// <exception cref="ConfigurationException">It is missing, is not for this process, or lacks a function.</exception>
    public static ProfitLibrary Load(string path)
    {
        // Its companion files lie beside it.
        if (!NativeLibrary.TryLoad(path, Assembly.GetExecutingAssembly(), DllImportSearchPath.UseDllDirectoryForDependencies | DllImportSearchPath.SafeDirectories, out var handle))
        {
            var found = File.Exists(path) ? "is there, but cannot be loaded: it must be the 64-bit one of this system, with its companion files beside it" : "does not exist";
            throw new ConfigurationException("library", $"The library '{path}' {found}. Name the file of your ProfitDLL installation, or tests/ProfitDllSimulator for the simulator.") { Outside = true };
        }

        return new ProfitLibrary(handle, path);
    }

    /// <summary>Every function that was looked for so far, and whether this version has it.</summary>
    public IReadOnlyDictionary<string, bool> Exports => _exports;

    /// <summary>Its file.</summary>
    public string Path => _path;

    /// <summary>Address of an optional function; 0 when this version does not have it.</summary>
    public nint Find(string name)
    {
        _exports[name] = NativeLibrary.TryGetExport(_handle, name, out var address);
        return address;
    }

    /// <summary>Names a server; only before the login.</summary>
    public void SetServer(string server, string port)
    {
        if (_setServerAndPort == null)
        {
            throw new ConfigurationException("server", "This ProfitDLL cannot be told a server.");
        }

        fixed (char* s = server, p = port)
        {
            ReturnCodes.Check(_setServerAndPort(s, p), nameof(SetServer));
        }
    }

    /// <summary>Begins to connect and returns at once. Works once per process, because the vendor's threads are not made anew.</summary>
    public void LogIn(string key, string user, string password, bool hasRouting, in LoginCallbacks callbacks)
    {
        lock (Initialized)
        {
            if (!Initialized.Add(_handle))
            {
                throw new InvalidOperationException($"'{_path}' was initialized before in this process, and can be only once. Start the program anew.");
            }
        }

        fixed (char* k = key, u = user, p = password)
        {
            ReturnCodes.Check(
                hasRouting
                    ? _initializeLogin(k, u, p, callbacks.State, 0, 0, 0, callbacks.Trade, callbacks.Daily, 0, 0, callbacks.History, callbacks.Progress, callbacks.TinyBook)
                    : _initializeMarketLogin(k, u, p, callbacks.State, callbacks.Trade, callbacks.Daily, 0, 0, callbacks.History, callbacks.Progress, callbacks.TinyBook),
                "the login");
        }
    }

    /// <summary>Ends the session; callbacks still come until it returns.</summary>
    public int LogOut() => _finalize();

    /// <summary>Registers a callback; false when this version has no such setter.</summary>
    public bool TrySet(string setter, nint callback)
    {
        if (Find(setter) is not (not 0 and var address))
        {
            return false;
        }

        ReturnCodes.Check(((delegate* unmanaged<nint, int>)address)(callback), setter);
        return true;
    }

    /// <summary>The server's clock, by the exchange's time zone; false when it is not known.</summary>
    public bool TryGetServerClock(out DateTime time)
    {
        double date;
        int year, month, day, hour, minute, second, millisecond;
        if (_serverClock == null || _serverClock(&date, &year, &month, &day, &hour, &minute, &second, &millisecond) < 0
            || year is < 1970 or > 2200 || month is < 1 or > 12 || day is < 1 || day > DateTime.DaysInMonth(year, month))
        {
            time = default;
            return false;
        }

        time = new DateTime(year, month, day, hour, minute, second, millisecond, DateTimeKind.Unspecified);
        return true;
    }

    /// <summary>True when the vendor's thread is frozen; false when it is not or cannot tell.</summary>
    public bool IsFrozen()
    {
        int state;
        return _healthStatus != null && _healthStatus(&state) >= 0 && state == 1;
    }

    public int SubscribeTicker(string ticker, string exchange) => Call(_subscribeTicker, ticker, exchange);

    public int UnsubscribeTicker(string ticker, string exchange) => Call(_unsubscribeTicker, ticker, exchange);

    public int SubscribeOfferBook(string ticker, string exchange) => Call(_subscribeOfferBook, ticker, exchange);

    public int UnsubscribeOfferBook(string ticker, string exchange) => Call(_unsubscribeOfferBook, ticker, exchange);

    /// <summary>Asks for the asset's tick and multiplier, which a callback brings.</summary>
    public int RequestTickerInfo(string ticker, string exchange) => _requestTickerInfo == null ? 0 : Call(_requestTickerInfo, ticker, exchange);

    public int SubscribePriceDepth(string ticker, string exchange) => Call(_subscribePriceDepth, ticker, exchange);

    public int UnsubscribePriceDepth(string ticker, string exchange) => Call(_unsubscribePriceDepth, ticker, exchange);

    /// <summary>Asks for trades from one time to another, the end not included, by the exchange's clock.</summary>
    public int RequestHistory(string ticker, string exchange, DateTime start, DateTime end)
    {
        const string format = "dd/MM/yyyy HH:mm:ss";
        var culture = System.Globalization.CultureInfo.InvariantCulture;
        fixed (char* t = ticker, e = exchange, from = start.ToString(format, culture), to = end.ToString(format, culture))
        {
            return _historyTrades(t, e, from, to);
        }
    }

    /// <summary>Inside a callback only: what a trade is.</summary>
    public bool TryTranslate(nint trade, ConnectorTrade* into)
    {
        into->Version = 0;
        return _translateTrade(trade, into) == 0;
    }

    /// <summary>Inside a callback only: how many prices a side has; below 0 is an error.</summary>
    public int DepthCount(AssetIdentifier* asset, byte side) => _priceDepthSideCount(asset, side);

    /// <summary>Inside a callback only: the price at a position, 0 is the top.</summary>
    public bool TryGetPriceGroup(AssetIdentifier* asset, byte side, int position, PriceGroup* into)
    {
        into->Version = 0;
        return _priceGroup(asset, side, position, into) >= 0;
    }

    /// <summary>Inside a callback only: price and quantity of the auction.</summary>
    public bool TryGetTheoretical(AssetIdentifier* asset, out double price, out long quantity)
    {
        double p;
        long q;
        if (_theoreticalValues == null || _theoreticalValues(asset, &p, &q) < 0)
        {
            (price, quantity) = (0, 0);
            return false;
        }

        (price, quantity) = (p, q);
        return true;
    }

    /// <summary>Gives back a block of the vendor's memory.</summary>
    public int Free(nint block, int size) => _freePointer(block, size);

    /// <summary>Name of a brokerage; null when it is not known, as desks and retail-flow ids are not.</summary>
    public string? AgentName(int id, bool isShort)
    {
        var form = isShort ? 1u : 0u;
        if (_agentNameLength == null || _agentName == null || _agentNameLength(id, form) is not (> 0 and <= 4096 and var length))
        {
            return null;
        }

        // One unit for the zero behind the text. How much was copied is not the same in all versions; the first call said it.
        Span<char> text = new char[length + 1];
        fixed (char* t = text)
        {
            return _agentName(length, id, t, form) < 0 ? null : text[..length].TrimEnd('\0').ToString();
        }
    }

    private static int Call(delegate* unmanaged<char*, char*, int> function, string ticker, string exchange)
    {
        fixed (char* t = ticker, e = exchange)
        {
            return function(t, e);
        }
    }

    private static int Call(delegate* unmanaged<AssetIdentifier*, int> function, string ticker, string exchange)
    {
        fixed (char* t = ticker, e = exchange)
        {
            var asset = new AssetIdentifier { Ticker = (nint)t, Exchange = (nint)e };
            return function(&asset);
        }
    }

    /// <summary>Address of a function.</summary>
    /// <exception cref="ConfigurationException">This version does not have it.</exception>
    public nint Require(string name) => Find(name) is not 0 and var address
        ? address
        : throw new ConfigurationException("library", $"The library '{_path}' has no function {name}: it is not ProfitDLL, or one older than 4.0.0.20.") { Outside = true };
}

/// <summary>The callbacks that the login takes; all others have setters.</summary>
internal readonly record struct LoginCallbacks(nint State, nint Trade, nint Daily, nint History, nint Progress, nint TinyBook);
