namespace QuantumTrader.ProfitDll.Callbacks;

/// <summary>
/// What the callbacks of orders write to: which order has news. What became of it is asked for afterwards, because that is always the
/// newest. One writer, the vendor's thread, which waits for nothing; one reader. What finds no room is replaced by the mark that something is missing.
/// </summary>
internal sealed class OrderTarget
{
    /// <summary>The news is not the result of a message.</summary>
    public const byte NoResult = 255;

    private const int Capacity = 4096;

    private readonly (long Order, byte Result)[] _news = new (long, byte)[Capacity];
    private long _written;
    private long _read;
    private int _isMissing;

    public void OnOrder(long localId) => Add(localId, NoResult);

    public void OnMessageResult(long localId, byte result) => Add(localId, result);

    /// <summary>Takes the oldest news.</summary>
    public bool TryTake(out (long Order, byte Result) news)
    {
        var read = _read;
        if (Volatile.Read(ref _written) == read)
        {
            news = default;
            return false;
        }

        news = _news[read % Capacity];
        Volatile.Write(ref _read, read + 1);
        return true;
    }

    /// <summary>True, once, when news was lost or named no order of this session: all orders are to be asked after.</summary>
    public bool TakeMissing() => Volatile.Read(ref _isMissing) != 0 && Interlocked.Exchange(ref _isMissing, 0) != 0;

    private void Add(long order, byte result)
    {
        var written = _written;
        if (order <= 0 || written - Volatile.Read(ref _read) == Capacity)
        {
            Volatile.Write(ref _isMissing, 1);
            return;
        }

        _news[written % Capacity] = (order, result);
        Volatile.Write(ref _written, written + 1);
    }
}
