namespace QuantumTrader.Features.TimeTravel;

/// <summary>
/// Quantities of trades in order of size, in blocks of at most 512 different ones: adding and removing move one block, median and the sums
/// above a bound walk the totals of the blocks.
/// </summary>
internal sealed class QuantityIndex
{
    private const int Most = 512;

    private readonly List<Block> _blocks = [new Block()];
    private readonly Stack<Block> _free = new();

    public int Count { get; private set; }

    /// <summary>Adds (count 1) or removes (count -1) a trade.</summary>
    public void Change(long quantity, int side, int count)
    {
        var b = 0;
        while (b + 1 < _blocks.Count && _blocks[b + 1].Entries[0].Quantity <= quantity)
        {
            b++;
        }

        var block = _blocks[b];
        var at = block.Find(quantity);
        if (at == block.Length || block.Entries[at].Quantity != quantity)
        {
            block.Insert(at, quantity);
        }

        ref var entry = ref block.Entries[at];
        entry.Count += count;
        entry.Signed += side * count;
        entry.Sided += side == 0 ? 0 : count;
        Count += count;
        block.Count += count;
        block.Signed += (Int128)quantity * side * count;
        block.Sided += side == 0 ? 0 : (Int128)quantity * count;
        if (entry.Count == 0)
        {
            block.Remove(at);
            if (block.Length == 0 && _blocks.Count > 1)
            {
                _blocks.RemoveAt(b);
                _free.Push(block);
            }
        }
        else if (block.Length == Most)
        {
            _blocks.Insert(b + 1, block.Split(_free.TryPop(out var free) ? free : new Block()));
        }
    }

    public void Clear()
    {
        _blocks.Clear();
        _blocks.Add(new Block());
        Count = 0;
    }

    /// <summary>Twice the median, which is whole; 0 when there is nothing.</summary>
    public long TwiceMedian() => Count == 0 ? 0 : At((Count - 1) / 2) + At(Count / 2);

    /// <summary>B - S and B + S of the trades with a quantity above a bound, as scaled numbers.</summary>
    public (Int128 Signed, Int128 Sided) Above(long bound)
    {
        Int128 signed = 0, sided = 0;
        foreach (var block in _blocks)
        {
            if (block.Length == 0 || block.Entries[block.Length - 1].Quantity <= bound)
            {
                continue;
            }

            if (block.Entries[0].Quantity > bound)
            {
                signed += block.Signed;
                sided += block.Sided;
                continue;
            }

            for (var i = block.Find(bound + 1); i < block.Length; i++)
            {
                signed += (Int128)block.Entries[i].Quantity * block.Entries[i].Signed;
                sided += (Int128)block.Entries[i].Quantity * block.Entries[i].Sided;
            }
        }

        return (signed, sided);
    }

    private long At(int rank)
    {
        foreach (var block in _blocks)
        {
            if (rank >= block.Count)
            {
                rank -= block.Count;
                continue;
            }

            for (var i = 0; ; i++)
            {
                rank -= block.Entries[i].Count;
                if (rank < 0)
                {
                    return block.Entries[i].Quantity;
                }
            }
        }

        return 0;
    }

    private struct Entry
    {
        public long Quantity;
        public int Count;
        public int Signed;
        public int Sided;
    }

    private sealed class Block
    {
        public readonly Entry[] Entries = new Entry[Most];
        public int Length;
        public int Count;
        public Int128 Signed;
        public Int128 Sided;

        /// <summary>Place of the first entry that is not smaller.</summary>
        public int Find(long quantity)
        {
            var (low, high) = (0, Length);
            while (low < high)
            {
                var middle = (low + high) >> 1;
                (low, high) = Entries[middle].Quantity < quantity ? (middle + 1, high) : (low, middle);
            }

            return low;
        }

        public void Insert(int at, long quantity)
        {
            Array.Copy(Entries, at, Entries, at + 1, Length - at);
            Entries[at] = new Entry { Quantity = quantity };
            Length++;
        }

        public void Remove(int at)
        {
            Length--;
            Array.Copy(Entries, at + 1, Entries, at, Length - at);
        }

        public Block Split(Block upper)
        {
            var half = Length / 2;
            upper.Length = Length - half;
            Array.Copy(Entries, half, upper.Entries, 0, upper.Length);
            Length = half;
            upper.Sum();
            Sum();
            return upper;
        }

        private void Sum()
        {
            (Count, Signed, Sided) = (0, 0, 0);
            foreach (ref readonly var entry in Entries.AsSpan(0, Length))
            {
                Count += entry.Count;
                Signed += (Int128)entry.Quantity * entry.Signed;
                Sided += (Int128)entry.Quantity * entry.Sided;
            }
        }
    }
}
