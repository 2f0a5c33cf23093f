using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

/// <summary>Whose names the keys have.</summary>
public enum KeyProfile
{
    /// <summary><c>qt:tick:WDOU25</c>, <c>qt:book:WDOU25</c>, <c>qt:bar:1m:WDOU25</c> and so on.</summary>
    Default,

    /// <summary>Names of the integration guide: <c>ticks:WDOU25:realtime</c>, <c>features:WDOU25</c>, <c>signals:WDOU25</c>.</summary>
    Guide,

    /// <summary>Names of the first program: <c>stream:ticks:WDOU25</c>, <c>stream:candles:1m:WDOU25</c> and so on.</summary>
    Code,

    /// <summary>Names of the agents' program: <c>market_data:WDOU25</c>, <c>order_flow:WDOU25</c> and so on.</summary>
    Hmarl,
}

/// <summary>A Valkey server, and how events are kept there.</summary>
public sealed record ValkeyOptions
{
    /// <summary>Name or address of the server; of any node of a cluster. Usually <c>${VALKEY_HOST:-localhost}</c>.</summary>
    public string Host { get; init; } = "localhost";

    /// <summary>Its port.</summary>
    [Range(1, 65_535)]
    public int Port { get; init; } = 6379;

    /// <summary>Password; empty for a server without one. Write <c>${VALKEY_PASSWORD}</c>, never the password itself. It is never printed.</summary>
    public string Password { get; init; } = "";

    /// <summary>Number of the database; a cluster has only 0.</summary>
    [Range(0, 1023)]
    public int Database { get; init; }

    /// <summary>Speaks TLS.</summary>
    public bool Tls { get; init; }

    /// <summary>File (PEM) with the authority that signed the server's certificate; empty for those that the system trusts.</summary>
    public string TlsAuthority { get; init; } = "";

    /// <summary>The server is a cluster: the symbol in every key gets braces (<c>qt:tick:{WDOU25}</c>), so that all keys of a symbol are on one node.</summary>
    public bool Cluster { get; init; }

    /// <summary>How long any one answer of the server may take, in ms; then it counts as down.</summary>
    [Range(10, 600_000)]
    public int TimeoutMs { get; init; } = 2000;

    /// <summary>Connections that events are written through (per node of a cluster). All events of a symbol take the same one, so their order is kept.</summary>
    [Range(1, 16)]
    public int Connections { get; init; } = 1;

    /// <summary>Entries that are sent before their answers are waited for.</summary>
    [Range(1, 10_000)]
    public int Pipeline { get; init; } = 1000;

    /// <summary>
    /// Events per entry. With 1 every event is an entry whose fields anybody can read. With 32 to 128 many events of a symbol share an entry
    /// with one binary field, which is several times faster and smaller: for history.
    /// </summary>
    [Range(1, 128)]
    public int Pack { get; init; } = 1;

    /// <summary>Whose names the keys have: those of an older program make its data readable.</summary>
    public KeyProfile KeyProfile { get; init; } = KeyProfile.Default;

    /// <summary>
    /// An event may be this much older than the newest stored one of its stream, in ms, and still go into the stream itself; a query reads as
    /// much beyond its end. What is later goes to a side stream and is counted, and queries find it there.
    /// </summary>
    [Range(0, 3_600_000)]
    public int MaxLatenessMs { get; init; } = 10_000;

    /// <summary>
    /// Days that are kept, by channel, counted back from the newest event: <c>{ tick: 5, book: 1 }</c>. Channels that are not named keep
    /// theirs: tick, quote 5 and bar 60 trading days of the market's calendar; book 1, signal, prediction, decision, feedback and agent 30,
    /// all others 5 days.
    /// </summary>
    public IReadOnlyDictionary<string, int> RetentionDays { get; init; } = new Dictionary<string, int>();

    /// <summary>Entries that a stream may have at most, whatever its retention: a safety net. What it cuts off is counted.</summary>
    [Range(1000, 1_000_000_000)]
    public long MaxEntries { get; init; } = 5_000_000;

    /// <summary>
    /// Other programs write the same streams: what they wrote is looked at before every write, so that an event that one of them stored is not
    /// stored again. It costs about as much as the writing.
    /// </summary>
    public bool Shared { get; init; }

    internal ValkeyAddress Address => new(Host, Port);

    /// <summary>Without the password.</summary>
    public override string ToString() => FormattableString.Invariant($"Valkey at {Host}:{Port}, database {Database}");
}
