namespace QuantumTrader.Dataflow;

/// <summary>First-in, first-out queue of slices on a growing ring. Bounded by its owner, which counts events.</summary>
internal sealed class SliceQueue<T> where T : struct, IEvent<T>
{
    private Slice<T>[] _items = new Slice<T>[8];
    private int _head;

    public int Count { get; private set; }

    public ref Slice<T> Peek() => ref _items[_head];

    public ref Slice<T> Last => ref _items[(_head + Count - 1) & (_items.Length - 1)];

    public void Enqueue(in Slice<T> slice)
    {
        if (Count == _items.Length)
        {
            Grow();
        }

        _items[(_head + Count) & (_items.Length - 1)] = slice;
        Count++;
    }

    public Slice<T> Dequeue()
    {
        var slice = _items[_head];
        _items[_head] = default;
        _head = (_head + 1) & (_items.Length - 1);
        Count--;
        return slice;
    }

    private void Grow()
    {
        var larger = new Slice<T>[_items.Length * 2];
        for (var i = 0; i < Count; i++)
        {
            larger[i] = _items[(_head + i) & (_items.Length - 1)];
        }

        _items = larger;
        _head = 0;
    }
}
