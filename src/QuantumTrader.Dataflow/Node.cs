namespace QuantumTrader.Dataflow;

internal sealed record NodeSettings;
internal abstract class Node;
internal sealed class OperatorNode<TIn, TOut>(Operator<TIn, TOut> block, NodeSettings settings) : Node where TIn : struct, IEvent<TIn> where TOut : struct, IEvent<TOut> { public object X => (block, settings); }
internal sealed class SideOperatorNode<TIn, TSide, TOut>(Operator<TIn, TSide, TOut> block, NodeSettings settings) : Node where TIn : struct, IEvent<TIn> where TSide : struct, IEvent<TSide> where TOut : struct, IEvent<TOut> { public object X => (block, settings); }
internal sealed class FilterNode<T>(Filter<T> block, NodeSettings settings) : Node where T : struct, IEvent<T> { public object X => (block, settings); }
internal sealed class ObserverNode<T>(Observer<T> block, NodeSettings settings) : Node where T : struct, IEvent<T> { public object X => (block, settings); }
internal sealed class SourceNode<T>(Source<T> block, NodeSettings settings) : Node where T : struct, IEvent<T> { public object X => (block, settings); }
