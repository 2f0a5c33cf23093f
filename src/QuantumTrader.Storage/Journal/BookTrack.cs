using QuantumTrader.Market;

namespace QuantumTrader.Storage;

/// <summary>Follows the book of one stream through the journal, and says when it is worth a checkpoint.</summary>
internal sealed class BookTrack
{
    /// <summary>Book events between two checkpoints: replaying them takes some 10 ms.</summary>
    public const int Every = 1 << 17;

    private readonly BookBuilder _builder = new();
    private long _time = long.MinValue;
    private long _number = long.MinValue;
    private long _receiveTime = long.MinValue;

    // The first book of a segment is one, so that the next segment can go on from there.
    private int _since = Every;

    /// <summary>Channel of the events that a book is made of.</summary>
    public const string Channel = "book";

    /// <summary>False once an event came behind one that is later: questions replay by time, and would find another book.</summary>
    public bool IsInOrder { get; private set; } = true;

    /// <summary>The book of a stream behind these segments, as far as the last checkpoint tells; a new one when there is none.</summary>
    public static BookTrack Behind(IReadOnlyList<Segment> segments, StreamName stream)
    {
        var track = new BookTrack();
        for (var i = segments.Count - 1; i >= 0; i--)
        {
            if (segments[i].Books(stream.Symbol, long.MaxValue).FirstOrDefault() is { } book)
            {
                track.GoOn(book, [.. segments.Skip(i)], stream);
                break;
            }

            if (segments[i].Names.Streams.Any(s => s.Channel == Channel && s.Symbol == stream.Symbol))
            {
                // It was lost there. What follows begins with the next full book, but not before what came so far.
                track._time = segments.Take(i + 1).Max(s => s.MaxTime);
                break;
            }
        }

        return track;
    }

    /// <summary>Takes in the next event; true when a checkpoint is due and can be had.</summary>
    public bool Process(in MarketEvent e)
    {
        IsInOrder &= e.EventTime > _time || (e.EventTime == _time && e.Sequence > _number);
        (_time, _number, _receiveTime) = (e.EventTime, e.Sequence, Math.Max(_receiveTime, e.ReceiveTime));
        _since++;
        return _builder.Process(in e) == BookChange.Applied && _since >= Every && IsInOrder;
    }

    /// <summary>The checkpoint; null when this is no moment for one.</summary>
    public BookCheckpoint? Take(long nextOrdinal)
    {
        if (_builder.Save() is not { } state)
        {
            return null;
        }

        _since = 0;
        return new BookCheckpoint(nextOrdinal, _time, _number, _receiveTime, state);
    }

    private void GoOn(BookCheckpoint from, Segment[] segments, StreamName stream)
    {
        _builder.Load(from.State);
        (_time, _number, _receiveTime) = (from.Time, from.Number, from.ReceiveTime);
        var order = new JournalOrder(segments) { FirstOrdinal = from.NextOrdinal, Wants = (_, s) => s.Channel == Channel && s.Symbol == stream.Symbol };
        while (order.Read(out var run))
        {
            var records = run.Records;
            for (var i = 0; i < run.Count; i++)
            {
                var e = MarketRecord.Read(run.Take(ref records, out _), 0);
                Process(in e);
            }
        }

        _since = Every;
    }
}
