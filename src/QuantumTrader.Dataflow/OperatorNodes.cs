using System.Diagnostics;

namespace QuantumTrader.Dataflow;

/// <summary>Runs an <see cref="Operator{TIn,TOut}"/>.</summary>
internal sealed class OperatorNode<TIn, TOut> : Node<TOut>
    where TIn : struct, IEvent<TIn>
    where TOut : struct, IEvent<TOut>
{
    private readonly Operator<TIn, TOut> _block;
    private readonly RunCall<TIn> _process;

    public OperatorNode(Operator<TIn, TOut> block, NodeSettings settings) : base(block, settings)
    {
        _block = block;
        _process = run => block.Process(run, Output);
        Resequences = block.GetType().IsDefined(typeof(ResequencesAttribute), true);
    }

    public override IReadOnlyList<InputPort> Ports { get; } = [new InputPort("from", typeof(TIn))];

    public override bool Resequences { get; }

    public override Delegate Receiver(int port) => (Action<Slice<TIn>>)Receive;

    protected override void CompleteBlock()
    {
        Output.Stamp = Stopwatch.GetTimestamp();
        _block.Complete(Output);
        SendAndCommit(0, TakeDropped(), 0, _block.Conserves);
    }

    private void Receive(Slice<TIn> slice)
    {
        Output.Stamp = slice.Stamp;
        var errors = CallGuarded(slice.Span, _process);
        SendAndCommit(slice.Count, TakeDropped(), errors, _block.Conserves);
        RecordLatency(slice.Stamp, slice.Count);
        slice.Batch.Release();
    }
}

/// <summary>Runs an <see cref="Operator{TIn,TSide,TOut}"/>. The side port comes first in the merge.</summary>
internal sealed class SideOperatorNode<TIn, TSide, TOut> : Node<TOut>
    where TIn : struct, IEvent<TIn>
    where TSide : struct, IEvent<TSide>
    where TOut : struct, IEvent<TOut>
{
    private readonly Operator<TIn, TSide, TOut> _block;
    private readonly RunCall<TIn> _process;
    private readonly RunCall<TSide> _processSide;

    public SideOperatorNode(Operator<TIn, TSide, TOut> block, NodeSettings settings) : base(block, settings)
    {
        _block = block;
        _process = run => block.Process(run, Output);
        _processSide = run => block.ProcessSide(run, Output);
        Ports = [new InputPort(SidePortAttribute.Of(block.GetType()), typeof(TSide)), new InputPort("from", typeof(TIn))];
    }

    public override IReadOnlyList<InputPort> Ports { get; }

    public override Delegate Receiver(int port) => port == 0 ? (Action<Slice<TSide>>)ReceiveSide : (Action<Slice<TIn>>)Receive;

    protected override void CompleteBlock()
    {
        Output.Stamp = Stopwatch.GetTimestamp();
        _block.Complete(Output);
        SendAndCommit(0, TakeDropped(), 0, false);
    }

    private void Receive(Slice<TIn> slice) => Handle(slice, _process);

    private void ReceiveSide(Slice<TSide> slice) => Handle(slice, _processSide);

    private void Handle<T>(Slice<T> slice, RunCall<T> call) where T : struct, IEvent<T>
    {
        Output.Stamp = slice.Stamp;
        var errors = CallGuarded(slice.Span, call);
        SendAndCommit(slice.Count, TakeDropped(), errors, false);
        RecordLatency(slice.Stamp, slice.Count);
        slice.Batch.Release();
    }
}
