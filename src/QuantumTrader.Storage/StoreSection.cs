using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage.Valkey;

namespace QuantumTrader.Storage;

/// <summary>Where recorded events are kept.</summary>
public enum StoreKind
{
    /// <summary>Files in a folder of this machine: nothing to install, one process writes.</summary>
    Journal,

    /// <summary>Streams of a Valkey server, which several programs can share.</summary>
    Valkey,
}

/// <summary>Options of the section <c>store</c>.</summary>
public sealed record StoreOptions
{
    /// <summary>The store that blocks use when they name none.</summary>
    public StoreKind Kind { get; init; } = StoreKind.Journal;

    /// <summary>The journal's folder and rules.</summary>
    public JournalOptions Journal { get; init; } = new();

    /// <summary>The Valkey server, and how events are kept there.</summary>
    public ValkeyOptions Valkey { get; init; } = new();
}

/// <summary>The stores of a run. Each is opened when the first block asks for it, and closed with the run.</summary>
[Section("store", "Where recorded events are kept, and for how long.")]
public sealed class StoreSection(StoreOptions options, MarketContext market, SectionContext files, TimeProvider clock) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<StoreKind, IEventStore> _open = [];

    /// <summary>A store; the section's own <c>kind</c> when none is named.</summary>
    /// <exception cref="ConfigurationException">It cannot be opened.</exception>
    public IEventStore Open(StoreKind? kind = null)
    {
        var wanted = kind ?? options.Kind;
        lock (_gate)
        {
            return _open.TryGetValue(wanted, out var store) ? store : _open[wanted] = Make(wanted);
        }
    }

    /// <summary>A store that is only asked, so that another process may write it meanwhile. The caller closes it.</summary>
    /// <exception cref="StoreException">It is not there.</exception>
    public IEventStore OpenToRead(StoreKind? kind = null) => (kind ?? options.Kind) == StoreKind.Journal
        ? JournalStore.OpenToRead(files.Resolve(options.Journal.Path), market.Symbols)
        : ValkeyStore.Open(ValkeyServer, market.Calendar, clock);

    private IEventStore Make(StoreKind kind)
    {
        try
        {
            return kind == StoreKind.Journal
                ? JournalStore.Open(files.Resolve(options.Journal.Path), options.Journal, market.Symbols, clock)
                : ValkeyStore.Open(ValkeyServer, market.Calendar, clock);
        }
        catch (StoreException e)
        {
            throw new ConfigurationException(SnakeCase.From(kind.ToString()), e.Message) { Outside = true };
        }
    }

    /// <summary>The options of the Valkey server, its files found.</summary>
    internal ValkeyOptions ValkeyServer => options.Valkey with { TlsAuthority = options.Valkey.TlsAuthority.Length == 0 ? "" : files.Resolve(options.Valkey.TlsAuthority) };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var store in _open.Values)
        {
            store.Dispose();
        }

        _open.Clear();
    }
}
