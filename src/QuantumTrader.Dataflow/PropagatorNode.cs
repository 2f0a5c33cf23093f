using System.Diagnostics;
using System.Threading.Tasks.Dataflow;

namespace QuantumTrader.Dataflow;

/// <summary>
/// Runs a <see cref="PropagatorBlock{TIn,TOut}"/>. It never waits inside a turn: what is under way in the hosted block (an event offered
/// to a full one, results to come, its end) wakes the island when it gets there.
/// </summary>
internal sealed class PropagatorNode<TIn, TOut>(PropagatorBlock<TIn, TOut> block, NodeSettings settings) : Node<TOut>(block, settings)
    where TIn : struct, IEvent<TIn>
    where TOut : struct, IEvent<TOut>
{
    // A library block that throws declines first and ends a moment later: the exception is a better answer than the refusal.
    private static readonly TimeSpan GraceAfterRefusal = TimeSpan.FromSeconds(1);

    private readonly SliceQueue<TIn> _waiting = new();

    // Bounded, so that a full edge behind this node reaches back into the hosted block, and a target that every kind of source can feed.
    private readonly BufferBlock<TOut> _results = new(new DataflowBlockOptions { BoundedCapacity = settings.Engine.Batch });
    private IPropagatorBlock<TIn, TOut>? _hosted;
    private Task<bool>? _offer;
    private Task? _refusal;
    private Task<bool>? _nextResult;
    private long _offeredSequence = -1;
    private long _sequence;
    private bool _isCompleting;

    public override IReadOnlyList<InputPort> Ports { get; } = [new InputPort("from", typeof(TIn))];

    public override bool Resequences => true;

    public override bool IsSelfPaced => true;

    public override bool TakesInput => _waiting.Count == 0;

    public override Delegate Receiver(int port) => (Action<Slice<TIn>>)Receive;

    public override bool Poll()
    {
        try
        {
            _hosted ??= Open();
            ThrowIfFailed();
            var moved = Offer() | Collect();
            if (!moved && !_results.Completion.IsCompleted && _nextResult is null or { IsCompleted: true })
            {
                // Asked for before the turn ends: if a result came meanwhile, the island is woken at once.
                _nextResult = _results.OutputAvailableAsync();
                WakeAfter(_nextResult);
            }

            return moved;
        }
        catch (Exception error) when (error is not BlockFaultException)
        {
            throw Fault(error);
        }
    }

    public override void Discard()
    {
        base.Discard();
        while (_waiting.Count > 0)
        {
            _waiting.Dequeue().Batch.Release();
        }

        // Of a run that came to its end this finds nothing left to do; of one broken off it lets the hosted block's own tasks end.
        _hosted?.Fault(new OperationCanceledException("The run was broken off."));
        _results.Complete();
    }

    protected override bool IsDrained()
    {
        if (_waiting.Count > 0 || _hosted is null)
        {
            return false;
        }

        if (!_isCompleting)
        {
            _isCompleting = true;
            _hosted.Complete();
        }

        if (!_results.Completion.IsCompleted)
        {
            return false;
        }

        ThrowIfFailed();
        return true;
    }

    protected override void CompleteBlock() => Commit(0, 0, 0, 0, 0, block.Conserves);

    private void Receive(Slice<TIn> slice)
    {
        block.Inside += slice.Count;
        _waiting.Enqueue(slice);
        Commit(slice.Count, 0, 0, 0, 0, block.Conserves);
    }

    private IPropagatorBlock<TIn, TOut> Open()
    {
        var hosted = block.Create() ?? throw new InvalidOperationException("Create() returned null.");
        hosted.LinkTo(_results);
        // Only behind its last result, which the buffer may still be taking in: the buffer's own end says that all have arrived.
        hosted.Completion.ContinueWith(_ => _results.Complete(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        WakeAfter(hosted.Completion);
        WakeAfter(_results.Completion);
        return hosted;
    }

    /// <summary>Hands events over until the hosted block is full; true when it accepted one.</summary>
    private bool Offer()
    {
        var accepted = 0;
        while (_refusal is null && _waiting.Count > 0)
        {
            ref var slice = ref _waiting.Peek();
            if (_offer is null)
            {
                _offeredSequence = slice.FirstSequence;
                _offer = _hosted!.SendAsync(Kept.Of(in slice.Span[0]));
                if (!_offer.IsCompleted)
                {
                    WakeAfter(_offer);
                }
            }

            if (!_offer.IsCompleted)
            {
                break;
            }

            var isAccepted = _offer.GetAwaiter().GetResult();
            _offer = null;
            if (!isAccepted)
            {
                _refusal = Task.WhenAny(_hosted!.Completion, Task.Delay(GraceAfterRefusal));
                WakeAfter(_refusal);
                break;
            }

            accepted++;
            Output.Stamp = slice.Stamp;
            if (slice.Count > 1)
            {
                slice = slice.Skip(1);
            }
            else
            {
                _waiting.Dequeue().Batch.Release();
            }
        }

        if (accepted > 0 && !block.Conserves)
        {
            block.Inside -= accepted;
            Commit(0, 0, 0, 0, 0, conserves: false);
        }

        return accepted > 0;
    }

    /// <summary>Sends on the results that are there, at most a batch; true when there was one.</summary>
    private bool Collect()
    {
        var count = 0;
        while (count < Settings.Engine.Batch && _results.TryReceive(out var result))
        {
            Output.Add(block.WithSequence(in result, ++_sequence));
            count++;
        }

        if (count == 0)
        {
            return false;
        }

        if (block.Conserves)
        {
            block.Inside -= count;
            Output.Passed = count;
        }

        SendAndCommit(0, 0, 0, block.Conserves);
        // The newest event handed over stands for the unknown one that caused the results: what is shown is the least that it was.
        RecordLatency(Output.Stamp, count);
        return true;
    }

    private void ThrowIfFailed()
    {
        var end = _hosted!.Completion;
        if (end.IsFaulted)
        {
            throw Fault(end.Exception.Flatten().InnerException ?? end.Exception);
        }

        if (end.IsCanceled)
        {
            throw Fault(new OperationCanceledException("the hosted block was cancelled."));
        }

        if (_refusal is { IsCompleted: true })
        {
            throw Fault(new InvalidOperationException($"the hosted block {(end.IsCompleted ? "completed itself and " : "")}declined the event; it must take events until the engine completes it."), _offeredSequence);
        }
    }

    private BlockFaultException Fault(Exception error, long sequence = -1)
    {
        block.Accounts.Error(error.GetType().Name);
        return new BlockFaultException(block.Name, sequence, error);
    }

    private void WakeAfter(Task task) =>
        task.ContinueWith(_ => Waker?.Wake(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
