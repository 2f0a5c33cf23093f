namespace QuantumTrader.Dataflow;

/// <summary>Takes in one share of a stream for the instances behind it.</summary>
internal sealed class Share<T> : Observer<T> where T : struct, IEvent<T>
{
    public override void Observe(Run<T> run) { }
}
