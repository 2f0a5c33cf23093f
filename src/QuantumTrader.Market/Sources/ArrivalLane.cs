namespace QuantumTrader.Market.Sources;

/// <summary>
/// The way of one connection to the arrivals. While two connections overlap, the newer one's lane is held: what both bring must come from
/// the older one first, or messages that it still has under way would look missing, and then repeated.
/// </summary>
/// <param name="arrivals">Where it leads; its room in bytes also bounds what is held.</param>
/// <param name="isHeld">True to keep everything until <see cref="Release"/>.</param>
internal sealed class ArrivalLane(Arrivals arrivals, bool isHeld)
{
    private readonly Lock _gate = new();
    private Queue<Arrival>? _held = isHeld ? new() : null;
    private bool _isForgotten;

    /// <summary>Adds something.</summary>
    public void Put(ArrivalKind kind, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_isForgotten || !arrivals.TryKeep(kind, bytes, symbol: 0, out var arrival))
            {
                return;
            }

            if (_held is { } held)
            {
                held.Enqueue(arrival);
            }
            else
            {
                arrivals.Put(in arrival);
            }
        }
    }

    /// <summary>Hands on what was held, and from now on everything at once.</summary>
    public void Release()
    {
        lock (_gate)
        {
            while (_held is { Count: > 0 } held)
            {
                arrivals.Put(held.Dequeue());
            }

            _held = null;
        }
    }

    /// <summary>Forgets what is held, if the lane still is: the connection came to nothing, and the older one goes on.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _isForgotten = _held is not null;
            while (_held is { Count: > 0 } held)
            {
                arrivals.Return(held.Dequeue());
            }
        }
    }
}
