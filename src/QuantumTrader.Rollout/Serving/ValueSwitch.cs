using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Serving;

/// <summary>
/// Stands behind the baseline and decides whose answer goes on. It alone commits: an answer of the candidate is taken here or never, so
/// every operation has exactly one, in the order of the baseline.
/// </summary>
[RunEvent("QT2701", "fallback", "The baseline answered for a candidate; told at the first of a burst, with ALERT_ON_FALLBACK.", "Look at the cause with `qt rollout status`.")]
internal sealed class ValueSwitch<TIn, TOut> : Filter<TOut>
    where TIn : struct, IEvent<TIn>
    where TOut : struct, IEvent<TOut>
{
    private readonly CandidateLine<TIn, TOut> _line;
    private readonly Phase _phase;
    private readonly EventFormat<TOut> _format;
    private readonly RouteKey<TOut> _key;
    private readonly AnswerCheck<TOut> _check;
    private readonly ShadowSide<TIn, TOut> _shadow;
    private readonly TimeProvider _clock;
    private readonly Func<bool> _isTakenBack;
    private readonly ServeOptions _options;
    private readonly FallbackBurst _burst;
    private long _came;

    public ValueSwitch(CandidateLine<TIn, TOut> line, EventFormat<TOut> format, Switches switches, TimeProvider clock)
    {
        (_line, _phase, _format, _burst, _clock) = (line, line.Phase, format, new FallbackBurst(switches), clock);
        _options = _phase.Options.Serve;
        _isTakenBack = () => !_phase.State.Serves;
        _key = new RouteKey<TOut>(_phase.Options.Route, format);
        _shadow = new ShadowSide<TIn, TOut>(line, _key);
        _check = new AnswerCheck<TOut>(_phase.Options, format);
    }

    public override void Process(EditableRun<TOut> run)
    {
        if (!_phase.State.Runs && _line.IsIdle)
        {
            _phase.Evidence.Original(run.Kept);
            return;
        }

        // The baseline's answers of a run are there together; only the candidate's are waited for one by one.
        _came = _clock.GetTimestamp();
        foreach (ref var answer in run)
        {
            var address = _format.AddressOf(in answer);
            _shadow.Move(address.EventTime);
            Answer(ref answer, address);
        }
    }

    public override void Complete() => _shadow.Finish();

    public override object? Report() => _phase.Evidence.Count();

    public override IReadOnlyList<BlockGauge> Gauges => _phase.ToGauges();

    private void Answer(ref TOut answer, in EventAddress address)
    {
        // Read once, and here: what comes behind a change is decided by it, however the stream was cut into runs in front of the tap.
        var now = _phase.State;
        if (!_line.TryFind(answer.Sequence, out var arrival) || arrival.Run is not { } candidate || !now.Runs)
        {
            // Came by while there was no candidate, or the phase has been switched off since.
            Keep(now, in answer, in address, FallbackReason.Shed);
            return;
        }

        var sequence = answer.Sequence;
        var isHanded = sequence <= arrival.HandedThrough;
        if (isHanded)
        {
            if (_options.Race == ServeRace.Sequential)
            {
                candidate.Release(sequence);
            }

            _shadow.Offer(candidate, in answer, in address);
        }

        if (!Serves(now, in answer, in address))
        {
            _phase.Evidence.Original(1, now);
            _phase.Evidence.Took(PhaseSide.Baseline, _came - arrival.Stamp);
        }
        else if (!now.Serves)
        {
            Fallback(FallbackReason.Breaker, now, address.EventTime);
        }
        else if (!isHanded)
        {
            Fallback(FallbackReason.Shed, now, address.EventTime);
        }
        else
        {
            Serve(ref answer, in address, candidate, arrival.Stamp, now);
        }

        // In the shadow nobody takes the answers; and one that was not taken in time is never taken.
        _shadow.Forget(candidate, sequence);
    }

    private void Serve(ref TOut answer, in EventAddress address, CandidateRun<TIn, TOut> candidate, long stamp, PhaseState now)
    {
        var reason = candidate.Take(answer.Sequence, DeadlineOf(stamp), _line.HangAfter, _isTakenBack, out var candidates);
        if (_isTakenBack())
        {
            // While it was waited for: nothing that the candidate says counts any more.
            _phase.Evidence.Original();
            return;
        }

        if (reason is null && !_check.IsValid(in candidates, in answer, in address))
        {
            reason = FallbackReason.Invalid;
        }

        if (reason is { } fallback)
        {
            Fallback(fallback, now, address.EventTime);
        }
        else
        {
            answer = candidates;
            _phase.Evidence.Enhanced(now);
        }

        _phase.Evidence.Took(reason is null ? PhaseSide.Candidate : PhaseSide.Fallback, _clock.GetTimestamp() - stamp);
    }

    // One for all answers of a run, so that those behind a slow one do not add up.
    private long? DeadlineOf(long stamp)
    {
        long? deadline = _options.Deadline is { } time ? (_options.Race == ServeRace.Sequential ? _came : stamp) + Ticks(time) : null;
        long? end = _options.Budget is { } budget ? stamp + Ticks(budget) : null;
        return deadline < end ? deadline : end ?? deadline;
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _clock.TimestampFrequency);

    private void Keep(PhaseState state, in TOut answer, in EventAddress address, FallbackReason reason)
    {
        if (state.Serves && Serves(state, in answer, in address))
        {
            Fallback(reason, null, address.EventTime);
        }
        else
        {
            _phase.Evidence.Original();
        }
    }

    private void Fallback(FallbackReason reason, PhaseState? decided, long eventTime)
    {
        _phase.Evidence.Fallback(reason, decided);
        if (_burst.Add(eventTime) is > 0 and var told)
        {
            Note("fallback", $"{IsoTime.ToText(eventTime)} '{_phase.Options.Name}': the baseline answered for the candidate{(told == 1 ? "" : $", {told} times since it was last told")}; now because of {reason.ToString().ToLowerInvariant()}.");
        }
    }

    private bool Serves(PhaseState state, in TOut answer, in EventAddress address) =>
        state.Stage is PhaseStage.Serving or PhaseStage.Complete && _key.IsChosen(_phase.Route, state.Share, in answer, in address);
}
