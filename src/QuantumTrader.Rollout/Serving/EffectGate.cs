using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Serving;

/// <summary>
/// Stands before a block that acts on the outside and lets through what the phase serves. In the shadow nothing goes through: the events
/// go to a round trip through their outside form, which holds no handle to anything.
/// </summary>
internal sealed class EffectGate<T> : Operator<T, T> where T : struct, IEvent<T>
{
    private readonly CandidateLine<T, T> _line;
    private readonly Phase _phase;
    private readonly EventFormat<T> _format;
    private readonly RouteKey<T> _key;
    private readonly ShadowSide<T, T> _shadow;

    public EffectGate(CandidateLine<T, T> line, EventFormat<T> format)
    {
        (_line, _phase, _format) = (line, line.Phase, format);
        _key = new RouteKey<T>(_phase.Options.Route, format);
        _shadow = new ShadowSide<T, T>(line, _key);
    }

    public override void Start()
    {
        _line.Told = words => Note("candidate_lost", words);
        _line.Begin();
    }

    public override void Process(Run<T> run, Output<T> output)
    {
        var state = _phase.State;
        if (!state.Runs && _line.IsIdle)
        {
            _phase.Evidence.Original(run.Rest.Length);
            return;
        }

        if (state.Stage == PhaseStage.Shadow)
        {
            _line.Arrive(run);
        }

        foreach (ref readonly var value in run)
        {
            var address = _format.AddressOf(in value);
            _shadow.Move(address.EventTime);
            if (state.Stage is not (PhaseStage.Serving or PhaseStage.Complete) || !_key.IsChosen(_phase.Route, state.Share, in value, in address))
            {
                _phase.Evidence.Original();
            }
            else if (_phase.State.Serves)
            {
                output.Pass(in value);
                _phase.Evidence.Enhanced();
            }
            else
            {
                _phase.Evidence.Fallback(FallbackReason.Breaker);
            }

            if (_line.TryFind(value.Sequence, out var arrival) && arrival.Run is { } candidate)
            {
                if (value.Sequence <= arrival.HandedThrough)
                {
                    _shadow.Offer(candidate, in value, in address);
                }

                _shadow.Forget(candidate, value.Sequence);
            }
        }
    }

    public override void Complete(Output<T> output) => _shadow.Finish();

    public override object? Report() => _phase.Evidence.Count();

    public override IReadOnlyList<BlockGauge> Gauges => _phase.ToGauges();

    public override void Dispose()
    {
        _line.Dispose();
        base.Dispose();
    }
}
