using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

// What the server answers to the commands, one by one.
public sealed partial class ValkeyStore
{
    void IAppendAnswers.Stored(in AppendCommand command, EntryId id) => Stored(in command, id);

    private void Stored(in AppendCommand command, EntryId id)
    {
        command.Stream.Confirmed = id;
        _stored += command.Events;
    }

    void IAppendAnswers.CutOff(in AppendCommand command, long entries) => _cutOff += entries;

    bool IAppendAnswers.KeepRefused(in AppendCommand command, ValkeyErrorException error)
    {
        if (error.Message.Contains("equal or smaller than the target stream top item", StringComparison.Ordinal))
        {
            command.Stream.IsTopStale = true;
            _conflicts++;
            return true;
        }

        if (error.Code == "MOVED")
        {
            _routes.Forget();
            return true;
        }

        if (error.IsPassing || error.Code == "ASK")
        {
            _refusal = error;
            return true;
        }

        if (error.Code == "WRONGTYPE")
        {
            command.Stream.ForeignUntil = _clock.GetTimestamp() + _clock.TimestampFrequency;
        }

        _refusedTotal += command.Events;
        Refuse(error.Code == "WRONGTYPE" ? "foreign_key" : SnakeCase.From(error.Code.ToLowerInvariant()), command.Events);
        return false;
    }

    private void Refuse(string reason, long events)
    {
        _refused[reason] = _refused.GetValueOrDefault(reason) + events;
        _untold ??= new SortedDictionary<string, long>(StringComparer.Ordinal);
        _untold[reason] = _untold.GetValueOrDefault(reason) + events;
    }
}
