using QuantumTrader.Dataflow;

namespace QuantumTrader.Rollout.Serving;

/// <summary>Stands before the baseline and hands every operation to the candidate too.</summary>
internal sealed class Tap<TIn, TOut>(CandidateLine<TIn, TOut> line) : Observer<TIn>
    where TIn : struct, IEvent<TIn>
    where TOut : struct, IEvent<TOut>
{
    public override void Start()
    {
        line.Told = words => Note("candidate_lost", words);
        line.Begin();
    }

    public override void Observe(Run<TIn> run)
    {
        if (line.Phase.State.Runs || !line.IsIdle)
        {
            line.Arrive(run);
        }
    }

    public override void Dispose()
    {
        line.Dispose();
        base.Dispose();
    }
}
