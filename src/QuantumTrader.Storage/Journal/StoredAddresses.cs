using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage;

/// <summary>Looks up whether an address is in the journal. Keeps the addresses of the blocks that it read last, and no more.</summary>
internal sealed class StoredAddresses(Journal journal)
{
    // 64 extents of 64 KB hold at most 64 thousand market events: a few MB.
    private const int MostExtents = 64;

    private readonly Dictionary<Key, HashSet<(long Time, long Number)>> _known = [];
    private readonly Queue<Key> _order = [];
    private readonly BlockReader _blocks = new();
    private Key _last;

    private readonly record struct Key(Segment Segment, long Offset, int Length, StreamName Stream);

    public bool Contains<T>(RecordCodec<T> codec, StreamName stream, in EventAddress address) where T : struct, IEvent<T>
    {
        var wanted = (address.EventTime, address.Number);
        if (_last.Stream == stream && _known.TryGetValue(_last, out var last) && last.Contains(wanted))
        {
            return true; // whoever sends one thing twice sends its neighbours twice too
        }

        foreach (var segment in journal.Segments)
        {
            if (address.EventTime < segment.MinTime || address.EventTime > segment.MaxTime)
            {
                continue;
            }

            var names = segment.Names;
            foreach (var extent in segment.Extents)
            {
                if (address.EventTime >= extent.MinTime && address.EventTime <= extent.MaxTime && Addresses(codec, segment, names, in extent, stream).Contains(wanted))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private HashSet<(long Time, long Number)> Addresses<T>(RecordCodec<T> codec, Segment segment, SegmentNames names, in Extent extent, StreamName stream)
        where T : struct, IEvent<T>
    {
        _last = new Key(segment, extent.Offset, extent.Length, stream);
        if (_known.TryGetValue(_last, out var addresses))
        {
            return addresses;
        }

        _known[_last] = addresses = [];
        _order.Enqueue(_last);
        if (_order.Count > MostExtents)
        {
            _known.Remove(_order.Dequeue());
        }

        if (StreamQuery.Find(codec, names, stream.Channel, stream.Symbol) is var (number, name) && (extent.Streams & (1UL << (int)(number & 63))) != 0)
        {
            var reader = codec.ReaderFor(names, name);
            _blocks.Open(segment, in extent);
            while (_blocks.Next(out var header))
            {
                if (header.Type != name.Type || (header.Stream != 0 && header.Stream != number))
                {
                    continue;
                }

                var records = _blocks.Records;
                var numbers = _blocks.Numbers;
                for (var i = 0; i < header.Count && RecordCodec<T>.RecordReader.TryTake(ref records, out var record, out var time); i++)
                {
                    if (header.Stream != 0 || numbers[i] == number)
                    {
                        addresses.Add((time, reader.Number(record)));
                    }
                }
            }
        }

        return addresses;
    }
}
