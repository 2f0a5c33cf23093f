using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage;

/// <summary>Turns events of one type into records and back.</summary>
internal sealed class RecordCodec<T> where T : struct, IEvent<T>
{
    private readonly EventFormat<T> _format;
    private readonly SymbolTable _symbols;
    private readonly BinaryFieldWriter _writer;

    public RecordCodec(EventFormat<T> format, SymbolTable symbols)
    {
        (_format, _symbols) = (format, symbols);
        var name = format.GetType().GetCustomAttribute<EventFormatAttribute>()?.Name ?? typeof(T).Name;
        RecordType = IsMarket ? new RecordType(name, MarketRecord.Bytes, []) : new RecordType(name, 0, format.Fields);
        _writer = new BinaryFieldWriter(format.Fields);
    }

    private static bool IsMarket => typeof(T) == typeof(MarketEvent);

    public RecordType RecordType { get; }

    /// <summary>Adds as many events of one stream as the block has room for, at least one; returns how many. Their times must not decrease.</summary>
    /// <exception cref="StoreException">An event is too large for the journal.</exception>
    public int Write(ReadOnlySpan<T> events, uint stream, BlockBuilder block)
    {
        if (IsMarket)
        {
            // Their bytes are their records, so they go in as one.
            var market = MemoryMarshal.Cast<T, MarketEvent>(events[..Math.Min(events.Length, block.Room)]);
            block.AddRun(MemoryMarshal.AsBytes(market), market.Length, market[0].EventTime, market[^1].EventTime, stream);
            return market.Length;
        }

        var address = _format.AddressOf(in events[0]);
        _writer.Clear();
        _format.Write(in events[0], _writer);
        var bytes = FieldRecord.HeadBytes + _writer.Written.Length;
        if (bytes > BlockHeader.MaxPayload / 4)
        {
            throw new StoreException($"An event of {bytes} bytes is too large for the journal; at most {BlockHeader.MaxPayload / 4} fit.");
        }

        var record = block.Add(bytes, address.EventTime, stream);
        FieldRecord.WriteHead(record, address.EventTime, address.Number);
        _writer.Written.CopyTo(record[FieldRecord.HeadBytes..]);
        return 1;
    }

    /// <summary>Readers of the field records of one segment, by type number.</summary>
    public RecordReader ReaderFor(SegmentNames names, StreamName stream) => new(this, names, stream);

    /// <summary>True when a segment's type is this one.</summary>
    public bool Matches(RecordType? type) => type is not null && type.Name == RecordType.Name && (type.RecordBytes > 0) == IsMarket;

    internal sealed class RecordReader
    {
        private readonly RecordCodec<T> _codec;
        private readonly BinaryFieldReader? _fields;
        private readonly int _symbol;

        public RecordReader(RecordCodec<T> codec, SegmentNames names, StreamName stream)
        {
            _codec = codec;
            if (IsMarket)
            {
                _symbol = stream.Symbol.Length == 0 ? 0 : codec._symbols.Find(stream.Symbol);
                if (_symbol == 0 && stream.Symbol.Length > 0)
                {
                    throw new StoreException($"'{stream.Symbol}' is in the store, but is not a symbol of this run. Add it to market.symbols.");
                }
            }
            else
            {
                _fields = new BinaryFieldReader(names.Type(stream.Type)!.Fields);
            }
        }

        /// <summary>Number of the record's address.</summary>
        public long Number(ReadOnlySpan<byte> record) => IsMarket ? _codec._format.AddressOf(Read(record)).Number : FieldRecord.Number(record);

        public T Read(ReadOnlySpan<byte> record)
        {
            if (IsMarket)
            {
                var value = MarketRecord.Read(record, _symbol);
                return Unsafe.As<MarketEvent, T>(ref value);
            }

            if (!_fields!.TryLoad(FieldRecord.Fields(record)))
            {
                throw new StoreException($"A record of type {_codec.RecordType.Name} has fields that cannot be read; it was written by another program.");
            }

            try
            {
                return _codec._format.Read(_fields);
            }
            catch (FieldException e)
            {
                throw new StoreException($"A record of type {_codec.RecordType.Name} cannot be read: {e.Field}: {e.Message}", e);
            }
        }

        /// <summary>Takes the next record off a block's records.</summary>
        public static bool TryTake(ref ReadOnlySpan<byte> records, out ReadOnlySpan<byte> record, out long time)
        {
            if (!IsMarket)
            {
                var taken = FieldRecord.TryTake(ref records, out record);
                time = taken ? FieldRecord.Time(record) : 0;
                return taken;
            }

            record = records[..MarketRecord.Bytes];
            records = records[MarketRecord.Bytes..];
            time = MarketRecord.Time(record);
            return true;
        }
    }
}
