using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage;

/// <summary>
/// Events in a folder of this machine. An event that was appended is seen by every query from then on, of this process and of others, and
/// survives the end of the process.
/// </summary>
/// <remarks>
/// That an address is stored once needs no list of all addresses: per stream only the newest one is kept, and an event beyond it must be
/// new. Any other is looked up in the journal itself, in the few blocks whose times enclose it.
/// </remarks>
public sealed class JournalStore : IEventStore, IBookStore
{
    private readonly Lock _gate = new();
    private readonly SymbolTable _symbols;
    private readonly bool _isWritten;
    private readonly long _maxLateness;
    private readonly Dictionary<(Type Event, string Channel, string Symbol), AppendedStream> _streams = [];
    private readonly AppendedStream?[] _recent = new AppendedStream?[8];
    private readonly Dictionary<Type, object> _types = [];
    private readonly BlockBuilder _block = new();
    private readonly StoredAddresses _stored;
    private readonly long _newestBefore;
    private StoreAppend _total;

    private JournalStore(Journal journal, JournalOptions options, SymbolTable symbols, bool write)
    {
        (Journal, _symbols, _isWritten) = (journal, symbols, write);
        _maxLateness = (long)(options.MaxLatenessSeconds * 1e9);
        _newestBefore = journal.Segments.Select(s => s.MaxTime).DefaultIfEmpty(long.MinValue).Max();
        _stored = new StoredAddresses(journal);
    }

    /// <summary>Opens a journal to write and query it; the folder is made when it is not there.</summary>
    /// <param name="folder">Where its segments are.</param>
    /// <param name="options">Its rules.</param>
    /// <param name="symbols">The run's symbols: events get and have their numbers.</param>
    /// <param name="clock">Drives the fsync interval.</param>
    /// <exception cref="StoreException">It cannot be opened, or another process writes it.</exception>
    public static JournalStore Open(string folder, JournalOptions options, SymbolTable symbols, TimeProvider clock) =>
        new(Journal.Open(folder, options, clock), options, symbols, write: true);

    /// <summary>Opens a journal to query it, which may be written by another process meanwhile.</summary>
    /// <exception cref="StoreException">It is not there.</exception>
    public static JournalStore OpenToRead(string folder, SymbolTable symbols)
    {
        var options = new JournalOptions();
        return new(Journal.OpenToRead(folder, options), options, symbols, write: false);
    }

    internal Journal Journal { get; }

    /// <summary>What became of everything that was appended since the store was opened.</summary>
    public StoreAppend Appended { get { lock (_gate) { return _total; } } }

    /// <inheritdoc/>
    public StoreAppend Append<T>(ReadOnlySpan<T> events, EventFormat<T> format) where T : struct, IEvent<T>
    {
        ArgumentNullException.ThrowIfNull(format);
        if (!_isWritten)
        {
            throw new StoreException($"The journal '{Journal.Folder}' was opened to be read only.");
        }

        var count = events.Length;
        lock (_gate)
        {
            var type = Type(format);
            var (repeated, late) = (0L, 0L);
            _block.Clear();
            (_block.Type, _block.Flags) = (type.Number, BlockFlags.None);
            while (events.Length > 0)
            {
                var stretch = events[..format.Stretch(events, out var first, out var last)];
                events = events[stretch.Length..];
                var stream = Stream(type, in first);
                while (!stream.IsBeyond(in first))
                {
                    // What waits in the block is not in the journal yet, but must be found too.
                    Journal.Write(_block);
                    if (_stored.Contains(type.Codec, stream.Name, in first))
                    {
                        repeated++;
                    }
                    else
                    {
                        var isLate = first.EventTime < stream.Time - _maxLateness && stream.Time > long.MinValue + _maxLateness;
                        late += isLate ? 1 : 0;
                        Add(type, stretch[..1], stream, in first, isLate ? BlockFlags.Late : BlockFlags.None);
                    }

                    stretch = stretch[1..];
                    if (stretch.Length == 0)
                    {
                        break;
                    }

                    first = format.AddressOf(in stretch[0]);
                }

                // Behind an event that is beyond all stored ones, so are those that follow it.
                Add(type, stretch, stream, in last, BlockFlags.None);
            }

            Journal.Write(_block);
            var result = new StoreAppend(count - repeated, repeated, late);
            _total = new StoreAppend(_total.Stored + result.Stored, _total.Repeated + repeated, _total.Late + late);
            return result;
        }
    }

    private void Add<T>(AppendedType<T> type, ReadOnlySpan<T> events, AppendedStream stream, in EventAddress last, BlockFlags flags) where T : struct, IEvent<T>
    {
        if (events.Length == 0)
        {
            return;
        }

        while (events.Length > 0)
        {
            if (_block.IsFull || (flags != _block.Flags && _block.Count > 0))
            {
                Journal.Write(_block);
            }

            _block.Flags = flags;
            events = events[type.Codec.Write(events, stream.Number, _block)..];
        }

        stream.Note(in last);
    }

    /// <inheritdoc/>
    public void Flush() => Journal.Flush();

    /// <inheritdoc/>
    public StoreAnswer Query<T>(StoreQuery query, EventFormat<T> format, StorePage<T> page) where T : struct, IEvent<T>
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(format);
        ArgumentNullException.ThrowIfNull(page);
        Journal.Refresh();
        return new JournalQuery<T>(query, new RecordCodec<T>(format, _symbols), page).Run(Journal.Segments);
    }

    /// <inheritdoc/>
    public KnownBook? BookBefore(string symbol, long time)
    {
        Journal.Refresh();
        return BookCheckpoint.Find(Journal.Segments, symbol, time) is { } found ? new KnownBook(found.Time, found.Number, found.State) : null;
    }

    /// <inheritdoc/>
    public StoreStatus Status()
    {
        Journal.Refresh();
        var streams = new SortedDictionary<(string Channel, string Symbol), (long Count, long First, long Last)>();
        foreach (var segment in Journal.Segments)
        {
            if (segment.IsSealed)
            {
                foreach (var extent in segment.Extents)
                {
                    Count(segment.Names.Stream(extent.Stream), extent.Count, extent.MinTime, extent.MaxTime);
                }

                continue;
            }

            var order = new JournalOrder([segment]);
            while (order.Read(out var run))
            {
                var records = run.Records;
                var (first, last) = (long.MaxValue, long.MinValue);
                for (var i = 0; i < run.Count; i++)
                {
                    run.Take(ref records, out var time);
                    (first, last) = (Math.Min(first, time), Math.Max(last, time));
                }

                Count(run.Names.Stream(run.Stream), run.Count, first, last);
            }
        }

        return new StoreStatus(
            "journal", Journal.Folder, Journal.Bytes,
            [.. streams.Select(s => new StoreStream(s.Key.Channel, s.Key.Symbol, s.Value.Count, s.Value.First, s.Value.Last))]);

        void Count(StreamName? name, long count, long first, long last)
        {
            if (name is not null)
            {
                var key = (name.Channel, name.Symbol);
                streams[key] = streams.TryGetValue(key, out var s) ? (s.Count + count, Math.Min(s.First, first), Math.Max(s.Last, last)) : (count, first, last);
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Findings => Journal.Findings;

    /// <inheritdoc/>
    public void Dispose() => Journal.Dispose();

    private AppendedType<T> Type<T>(EventFormat<T> format) where T : struct, IEvent<T>
    {
        if (!_types.TryGetValue(typeof(T), out var known))
        {
            var codec = new RecordCodec<T>(format, _symbols);
            _types[typeof(T)] = known = new AppendedType<T>(codec, Journal.Names.AddType(codec.RecordType));
        }

        return (AppendedType<T>)known;
    }

    private AppendedStream Stream<T>(AppendedType<T> type, in EventAddress address) where T : struct, IEvent<T>
    {
        // Channels and symbols are always the same instances, so a look at the last few streams is usually enough.
        foreach (var recent in _recent)
        {
            if (recent is not null && ReferenceEquals(recent.Channel, address.Channel) && ReferenceEquals(recent.Symbol, address.Symbol) && recent.Event == typeof(T))
            {
                return recent;
            }
        }

        if (!_streams.TryGetValue((typeof(T), address.Channel, address.Symbol), out var stream))
        {
            var name = new StreamName(type.Number, address.Channel, address.Symbol);
            stream = new AppendedStream(typeof(T), address, name, Journal.Names.AddStream(name), _newestBefore);
            _streams.Add((typeof(T), address.Channel, address.Symbol), stream);
        }

        _recent[stream.Number % _recent.Length] = stream;
        return stream;
    }

    private sealed record AppendedType<T>(RecordCodec<T> Codec, ushort Number) where T : struct, IEvent<T>;
}
