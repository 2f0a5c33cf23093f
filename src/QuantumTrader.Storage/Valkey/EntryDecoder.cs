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

    /// <summary>Receives the events of a raw pack as a whole. Their symbol is this one, whatever stands in them.</summary>
    public delegate void TakePack(ReadOnlySpan<MarketEvent> pack, int symbol);

    /// <summary>
    /// Calls for every event, in the order of the entries; <paramref name="unreadable"/> for an entry that is none of ours, or broken; and
    /// <paramref name="takePack"/>, where there is one, for the events of a raw pack.
    /// </summary>
    public void Decode(EntryPage page, Take take, Action<EntryId, string> unreadable, TakePack? takePack = null)
    {
        for (var i = 0; i < page.Count; i++)
        {
            try
            {
                Decode(page, i, take, unreadable, takePack);
            }
            catch (FieldException e)
            {
                unreadable(page.Id(i), $"field '{e.Field}': {e.Message}");
            }
        }
    }

    private void Decode(EntryPage page, int entry, Take take, Action<EntryId, string> unreadable, TakePack? takePack)
    {
        if (page.Fields(entry) == 1 && page.Name(entry, 0).SequenceEqual("pack"u8))
        {
            if (RawPack.Holds<T>() && RawPack.TryRead(page.Value(entry, 0), out var raw))
            {
                _symbol ??= RawPack.SymbolOf(format, symbol);
                if (takePack is not null)
                {
                    takePack(raw, _symbol.Value);
                    return;
                }

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
