using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Serving;

/// <summary>Says whether a candidate's answer may stand for the baseline's.</summary>
internal sealed class AnswerCheck<T>(PhaseOptions options, EventFormat<T> format) where T : struct, IEvent<T>
{
    private readonly ValidOptions _valid = options.Serve.Valid;
    private readonly FieldValues _fields = new();

    /// <summary>True when the answer is to the same key, finite, within its range and not too old.</summary>
    public bool IsValid(in T answer, in T baseline, in EventAddress operation)
    {
        if (answer.PartitionKey != baseline.PartitionKey)
        {
            return false;
        }

        if (_valid.MaxAge is { } age && operation.EventTime - format.AddressOf(in answer).EventTime > age.TotalNanoseconds)
        {
            return false;
        }

        return TryRead(in answer) && (!_valid.Finite || _fields.IsFinite) && (_valid.Range.Count < 2 || options.Compare.Fields.Keys.All(IsInRange));
    }

    private bool TryRead(in T answer)
    {
        try
        {
            _fields.Read(format, in answer);
            return true;
        }
#pragma warning disable CA1031 // Whatever a format throws at a candidate's answer is the candidate's fault, and must end here.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    private bool IsInRange(string field) => !_fields.Numbers.TryGetValue(field, out var value) || (value >= _valid.Range[0] && value <= _valid.Range[1]);
}
