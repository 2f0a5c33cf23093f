using System.Runtime.CompilerServices;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

/// <summary>Makes events of the entries of a page, packed or not.</summary>
internal sealed class EntryDecoder<T>(EventFormat<T> format, string symbol) where T : struct, IEvent<T>
{
    private readonly EntryReader _entry = new(format.Fields, symbol);
    private readonly PackReader _pack = new();
    private int? _symbol;

    public delegate void Take(in T value, EventKey key);

    /// <summary>Calls for every event, in the order of the entries; <paramref name="unreadable"/> for an entry that is none of ours, or broken.</summary>
    public void Decode(EntryPage page, Take take, Action<EntryId, string> unreadable)
    {
        for (var i = 0; i < page.Count; i++)
        {
            try
            {
                Decode(page, i, take, unreadable);
            }
            catch (FieldException e)
            {
                unreadable(page.Id(i), $"field '{e.Field}': {e.Message}");
            }
        }
    }

    private void Decode(EntryPage page, int entry, Take take, Action<EntryId, string> unreadable)
    {
        if (page.Fields(entry) == 1 && page.Name(entry, 0).SequenceEqual("pack"u8))
        {
            if (RawPack.Holds<T>() && RawPack.TryRead(page.Value(entry, 0), out var raw))
            {
                _symbol ??= RawPack.SymbolOf(format, symbol);
                foreach (ref readonly var e in raw)
                {
                    var copy = e;
                    copy.Symbol = _symbol.Value;
                    Give(Unsafe.As<MarketEvent, T>(ref copy), take);
                }

                return;
            }

            _pack.Turn(page.Value(entry, 0));
            while (_pack.MoveNext())
            {
                Give(format.Read(_pack), take);
            }
        }
        else if (_entry.Turn(page, entry))
        {
            Give(format.Read(_entry), take);
        }
        else
        {
            unreadable(page.Id(entry), "an entry of another program: it has none of the fields that were looked for");
        }
    }

    private void Give(T value, Take take)
    {
        var address = format.AddressOf(in value);
        take(in value, new EventKey(address.EventTime, address.Number));
    }
}

/// <summary>Makes events of single entries and numbers them anew, for a source.</summary>
internal sealed class NumberedDecoder<T>(EventFormat<T> format, string symbol) where T : struct, IEvent<T>
{
    private readonly EntryReader _entry = new(format.Fields, symbol);
    private readonly PackReader _pack = new();

    /// <summary>Adds the events of an entry, numbered on from a sequence; returns why there are none.</summary>
    public string? Decode(EntryPage page, int entry, ref long sequence, Output<T> output)
    {
        try
        {
            if (page.Fields(entry) == 1 && page.Name(entry, 0).SequenceEqual("pack"u8))
            {
                // All or nothing: half of a broken pack must not go on its way.
                var events = new List<T>();
                if (RawPack.Holds<T>() && RawPack.TryRead(page.Value(entry, 0), out var raw))
                {
                    var number = RawPack.SymbolOf(format, symbol);
                    foreach (ref readonly var e in raw)
                    {
                        var copy = e;
                        copy.Symbol = number;
                        copy.Sequence = ++sequence;
                        output.Add(in Unsafe.As<MarketEvent, T>(ref copy));
                    }

                    return null;
                }

                _pack.Turn(page.Value(entry, 0));
                while (_pack.MoveNext())
                {
                    _pack.Sequence = sequence + events.Count + 1;
                    events.Add(format.Read(_pack));
                }

                foreach (var e in events)
                {
                    output.Add(in e);
                }

                sequence += events.Count;
                return null;
            }

            if (!_entry.Turn(page, entry))
            {
                return "an entry of another program";
            }

            _entry.Sequence = sequence + 1;
            var value = format.Read(_entry);
            sequence++;
            output.Add(in value);
            return null;
        }
        catch (FieldException e)
        {
            return $"field '{e.Field}': {e.Message}";
        }
    }
}

/// <summary>Events that are held until nothing can come before them any more.</summary>
internal sealed class EventBuffer<T> where T : struct, IEvent<T>
{
    private T[] _events = new T[1024];
    private EventKey[] _keys = new EventKey[1024];
    private int _start;
    private int _end;
    private bool _isUnsorted;

    public void Add(in T value, EventKey key)
    {
        if (_end == _events.Length)
        {
            MakeRoom();
        }

        _isUnsorted |= _end > _start && key < _keys[_end - 1];
        _events[_end] = value;
        _keys[_end++] = key;
    }

    /// <summary>How many are older than this (ns UTC).</summary>
    public int Below(long time)
    {
        if (_isUnsorted)
        {
            Array.Sort(_keys, _events, _start, _end - _start);
            _isUnsorted = false;
        }

        if (_end == _start || _keys[_end - 1].Time < time)
        {
            return _end - _start;
        }

        var at = _keys.AsSpan(_start, _end - _start).BinarySearch(new EventKey(time, long.MinValue));
        return at < 0 ? ~at : at;
    }

    /// <summary>The oldest events, which must be sorted (<see cref="Below"/>).</summary>
    public ReadOnlySpan<T> First(int count, out long firstTime, out long lastTime)
    {
        (firstTime, lastTime) = (_keys[_start].Time, _keys[_start + count - 1].Time);
        return _events.AsSpan(_start, count);
    }

    public void Remove(int count)
    {
        _start += count;
        if (_start == _end)
        {
            (_start, _end) = (0, 0);
        }
    }

    private void MakeRoom()
    {
        var count = _end - _start;
        if (_start >= count)
        {
            Array.Copy(_events, _start, _events, 0, count);
            Array.Copy(_keys, _start, _keys, 0, count);
            (_start, _end) = (0, count);
        }
        else
        {
            Array.Resize(ref _events, _events.Length * 2);
            Array.Resize(ref _keys, _keys.Length * 2);
        }
    }
}
