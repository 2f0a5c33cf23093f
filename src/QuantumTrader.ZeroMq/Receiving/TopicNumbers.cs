using QuantumTrader.Dataflow;

namespace QuantumTrader.ZeroMq;

/// <summary>Follows the numbers of one topic: what was lost on the way, and when its publisher began anew. What it finds goes to the block's findings.</summary>
[RunEvent("QT2204", "joined_late", "The first message of a topic is not its publisher's first.", "Start the subscriber before the publisher if every message matters.", Level = RunEventLevel.Information)]
[RunEvent("QT2205", "publisher_restart", "A publisher counts from 1 again.", "Nothing, if it was restarted.")]
internal sealed class TopicNumbers(string topic, int symbol)
{
    private long _first;
    private long _last;
    private long _gaps;
    private long _missing;
    private long _restarts;

    // False until a number was seen: who joins late has missed nothing.
    private bool _isKnown;

    public string Topic { get; } = topic;

    /// <summary>Its symbol's number in this pipeline.</summary>
    public int Symbol { get; } = symbol;

    /// <summary>A message with these numbers came.</summary>
    public void Arrived(long first, long last, Accounts accounts)
    {
        if (_first == 0)
        {
            _first = first;
            if (first > 1)
            {
                accounts.Note("joined_late", $"{Topic}: begins with number {first}; {first - 1} were published before this source was there.");
            }
        }

        if (_isKnown && first != _last + 1)
        {
            if (first <= _last)
            {
                Restarted(first - 1, accounts);
            }
            else
            {
                Lost("sequence_gap", _last + 1, first - 1, accounts);
            }
        }

        Set(last);
    }

    /// <summary>A heartbeat told the number of the last message.</summary>
    public void Told(long last, Accounts accounts)
    {
        if (last > _last && _isKnown)
        {
            Lost("lost_tail", _last + 1, last, accounts);
        }
        else if (last < _last)
        {
            Restarted(last, accounts);
        }

        Set(last);
    }

    public TopicReport Report() => new(_first, _last, _gaps, _missing, _restarts);

    private void Lost(string code, long from, long to, Accounts accounts)
    {
        _gaps++;
        _missing += to - from + 1;
        accounts.Note(code, $"{Topic}: {to - from + 1} lost on the way, numbers {from} to {to}. The publisher's queue for this subscriber was full, or the connection was lost.");
    }

    private void Restarted(long missed, Accounts accounts)
    {
        _restarts++;
        accounts.Note("publisher_restart", $"{Topic}: the publisher counts from 1 again; {missed} of the new ones were missed.");
        if (missed > 0)
        {
            _gaps++;
            _missing += missed;
        }
    }

    private void Set(long number) => (_last, _isKnown) = (number, true);
}
