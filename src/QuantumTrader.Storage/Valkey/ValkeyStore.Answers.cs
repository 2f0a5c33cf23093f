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

        // Followed only when all answers are there: what comes next must not overtake what is sent again.
        if (error.Code == "MOVED")
        {
            _hasMoved = true;
            command.Stream.Asked = null;
            return true;
        }

        if (error.Code == "ASK")
        {
            command.Stream.Asked = error.RedirectedBy(command.Stream.Lane!.Address);
            _moving.Add(command.Stream);
            return true;
        }

        if (error.IsPassing)
        {
            _refusal = error;
            return true;
        }

        if (error.Code == "WRONGTYPE")
        {
            command.Stream.ForeignUntil = _clock.GetTimestamp() + _clock.TimestampFrequency;
        }

        _refusedTotal += command.Events;
        // What it thought to have stored it must ask for again, or a repeat of these events would pass for stored.
        command.Stream.MustLoad = true;
        Refuse(command.Stream.Channel, error.Code == "WRONGTYPE" ? "foreign_key" : SnakeCase.From(error.Code.ToLowerInvariant()), command.Events);
        return false;
    }

    private void Refuse(string channel, string reason, long events)
    {
        if (events > 0)
        {
            _untold[(channel, reason)] = _untold.GetValueOrDefault((channel, reason)) + events;
        }
    }

    // Told once, by the call that succeeds: one that fails is repeated, and its events are judged again.
    private Dictionary<(string Channel, string Reason), long>? TellRefused()
    {
        if (_untold.Count == 0)
        {
            return null;
        }

        var told = _untold;
        _untold = [];
        foreach (var ((_, reason), events) in told)
        {
            _refused[reason] = _refused.GetValueOrDefault(reason) + events;
        }

        return told;
    }

    private void ForgetRefused()
    {
        _untold.Clear();
        foreach (var stream in _streams.Values.Where(s => s.MustLoad).ToList())
        {
            _streams.Remove((stream.Channel, stream.Symbol));
            _lastStream = null;
        }
    }
}
