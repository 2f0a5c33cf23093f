using System.Runtime.InteropServices;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll.Callbacks;

namespace QuantumTrader.ProfitDll.Decoding;

/// <summary>
/// A book that the vendor tells of by places: a list a side, the worst price first, the best last, and place p counts from the end. It
/// holds orders (offer book) or prices (price depth) and gives the total at each price that a change touched.
/// </summary>
internal sealed class PositionBook
{
    private readonly List<Entry>[] _sides = [[], []];
    private readonly Dictionary<long, long>[] _totals = [[], []];
    private readonly List<(byte Side, long Price)> _touched = [];
    private readonly bool[] _isNextPageFirst = [true, true];

    private enum Change : byte
    {
        Add,
        Edit,
        Delete,
        DeleteFrom,
    }

    /// <summary>True from a full book to the first change that cannot be.</summary>
    public bool IsValid { get; private set; }

    /// <summary>Pages of a full book are still to come.</summary>
    public bool IsLoading { get; private set; }

    /// <summary>Prices whose total may have changed since <see cref="ClearTouched"/>, some of them perhaps twice.</summary>
    public ReadOnlySpan<(byte Side, long Price)> Touched => CollectionsMarshal.AsSpan(_touched);

    /// <summary>Entries of a side.</summary>
    public int Count(int side) => _sides[side].Count;

    /// <summary>Prices of a side with their totals, in no order.</summary>
    public IReadOnlyDictionary<long, long> Totals(int side) => _totals[side];

    /// <summary>Quantity at a price; 0 when there is none.</summary>
    public long Total(int side, long price) => _totals[side].GetValueOrDefault(price);

    /// <summary>Begins a new list of touched prices.</summary>
    public void ClearTouched() => _touched.Clear();

    /// <summary>What was kept is wrong: only a full book helps.</summary>
    public void Invalidate()
    {
        IsValid = IsLoading = false;
        Clear(0);
        Clear(1);
        _isNextPageFirst.AsSpan().Fill(true);
    }

    /// <summary>A page of a full book begins.</summary>
    public void BeginPage(int side, bool isFirst)
    {
        // Versions before 4.0.0.36 do not mark the first page: it is the one behind a last page.
        if (isFirst || _isNextPageFirst[side])
        {
            Clear(side);
        }

        _isNextPageFirst[side] = false;
        IsLoading = true;
    }

    /// <summary>An entry of the page, better than those before it.</summary>
    public void AddPageItem(int side, double price, long quantity) => Insert(side, _sides[side].Count, price, quantity);

    /// <summary>A page ends; true when the book is whole with it.</summary>
    public bool EndPage(int side, bool isLast, bool endsCallback)
    {
        _isNextPageFirst[side] = isLast;
        if (!isLast || !endsCallback)
        {
            return false;
        }

        IsLoading = false;
        return IsValid = true;
    }

    /// <summary>A change of the offer book. Quantities of edits are differences. Returns what is wrong with it; null when nothing is.</summary>
    public string? ChangeOffer(in CallbackRecord r) => ChangeAt((Change)r.Action, in r, isDifference: true);

    /// <summary>A change of the price depth. Quantities are the new ones.</summary>
    public string? ChangeDepth(in CallbackRecord r) => r.Action switch
    {
        1 => ChangeAt(Change.Edit, in r, isDifference: false),
        2 => ChangeAt(Change.Delete, in r, isDifference: false),
        3 => ChangeAt(Change.Add, in r, isDifference: false),
        8 => ChangeAt(Change.DeleteFrom, in r, isDifference: false),
        _ => $"an unknown change {r.Action}",
    };

    private string? ChangeAt(Change change, in CallbackRecord r, bool isDifference)
    {
        if (r.Side > 1)
        {
            return $"a change of side {r.Side}";
        }

        var entries = _sides[r.Side];
        var index = entries.Count - 1 - r.Position;
        if (r.Position < 0 || index < (change == Change.Add ? -1 : 0))
        {
            return $"{change} at place {r.Position} of {entries.Count}";
        }

        switch (change)
        {
            case Change.Add:
                return double.IsNaN(r.Price) ? "a price that could not be read" : Insert(r.Side, index + 1, r.Price, r.Quantity);
            case Change.Edit:
                return double.IsNaN(r.Price) ? "a price that could not be read" : Edit(r.Side, index, in r, isDifference);
            case Change.Delete:
                Remove(r.Side, index, 1);
                return null;
            case Change.DeleteFrom:
                Remove(r.Side, index, r.Position + 1);
                return null;
            default:
                return $"an unknown change {r.Action}";
        }
    }

    private string? Edit(byte side, int index, in CallbackRecord r, bool isDifference)
    {
        var entry = _sides[side][index];
        var hasAll = !isDifference;
        var price = hasAll || (r.Flags & CallbackRecord.HasPrice) != 0 ? Price(r.Price) : entry.Price;
        var quantity = hasAll ? r.Quantity : entry.Quantity + ((r.Flags & CallbackRecord.HasQuantity) != 0 ? r.Quantity : 0);
        if (quantity <= 0)
        {
            return $"an edit that leaves a quantity of {quantity}";
        }

        Count(side, entry.Price, -entry.Quantity);
        Count(side, price, quantity);
        _sides[side][index] = new Entry(price, quantity);
        return null;
    }

    private string? Insert(int side, int index, double price, long quantity)
    {
        if (quantity < 0)
        {
            return $"a quantity of {quantity}";
        }

        var entry = new Entry(Price(price), quantity);
        _sides[side].Insert(index, entry);
        Count(side, entry.Price, quantity);
        return null;
    }

    private void Remove(int side, int index, int count)
    {
        var entries = _sides[side];
        foreach (var entry in CollectionsMarshal.AsSpan(entries).Slice(index, count))
        {
            Count(side, entry.Price, -entry.Quantity);
        }

        entries.RemoveRange(index, count);
    }

    private void Clear(int side)
    {
        _sides[side].Clear();
        _totals[side].Clear();
    }

    private void Count(int side, long price, long quantity)
    {
        // The entry of an auction has no price of its own: it keeps its place and counts nowhere.
        if (price == 0)
        {
            return;
        }

        ref var total = ref CollectionsMarshal.GetValueRefOrAddDefault(_totals[side], price, out _);
        total += quantity;
        if (total == 0)
        {
            _totals[side].Remove(price);
        }

        if (_touched.Count == 0 || _touched[^1] != ((byte)side, price))
        {
            _touched.Add(((byte)side, price));
        }
    }

    private static long Price(double price) => price > 0 && Scaled.TryFromDouble(price, out var scaled) ? scaled : 0;

    private readonly record struct Entry(long Price, long Quantity);
}
