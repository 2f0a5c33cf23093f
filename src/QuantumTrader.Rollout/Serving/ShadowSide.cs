using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Serving;

/// <summary>What the main path does for the comparison, and when it lets the phase go on: the same for answers and effects.</summary>
internal sealed class ShadowSide<TIn, TOut>(CandidateLine<TIn, TOut> line, RouteKey<TOut> key)
    where TIn : struct, IEvent<TIn>
    where TOut : struct, IEvent<TOut>
{
    private const long TickNanoseconds = 1_000_000_000;

    private readonly Phase _phase = line.Phase;
    private CandidateRun<TIn, TOut>? _offeredTo;
    private long _nextTick;

    /// <summary>An operation begins: looks at the phase once per second of event time.</summary>
    public void Move(long eventTime)
    {
        if (eventTime >= _nextTick)
        {
            Tick(eventTime);
        }
    }

    /// <summary>The baseline's answer to an operation that was handed to the candidate.</summary>
    public void Offer(CandidateRun<TIn, TOut> candidate, in TOut answer, in EventAddress address)
    {
        var isCompared = key.IsSampled(_phase.ShadowRoute, _phase.Options.Shadow.Sample, in answer, in address);
        var isRepeated = key.IsSampled(_phase.RepetitionRoute, _phase.Options.Compare.AaSample, in answer, in address);
        if (!isCompared && !isRepeated)
        {
            return;
        }

        _offeredTo = candidate;
        if (!candidate.TryOffer(in answer, isCompared, isRepeated) && line.Waits)
        {
            candidate.WaitUntilCompared(line.HangAfter);
            candidate.TryOffer(in answer, isCompared, isRepeated);
        }
    }

    /// <summary>The operation is over: what the candidate still has to say to it is late.</summary>
    public void Forget(CandidateRun<TIn, TOut> candidate, long sequence)
    {
        candidate.Forget(sequence);
        if (candidate.Late > 0)
        {
            _phase.Evidence.Late(candidate.TakeLate());
        }
    }

    /// <summary>The stream has ended.</summary>
    public void Finish()
    {
        line.Finish();
        Tick(_phase.EventTime);
    }

    private void Tick(long eventTime)
    {
        // What is decided here must not depend on how far the candidate's threads happen to be.
        if (line.Waits)
        {
            _offeredTo?.WaitUntilCompared(line.HangAfter);
        }

        _nextTick = eventTime - (eventTime % TickNanoseconds) + TickNanoseconds;
        _phase.Tick(eventTime);
    }
}
