using QuantumTrader.Market;

namespace QuantumTrader.Storage;

/// <summary>Follows the book of one stream through the journal, and says when it is worth a checkpoint.</summary>
internal sealed class BookTrack
{
    /// <summary>Book events between two checkpoints: replaying them takes some 10 ms.</summary>
    public const int Every = 1 << 17;

    // Tells the builder that messages are missing.
    private static readonly MarketEvent Lost = new() { Kind = EventKind.BookUpdate, Flags = EventFlags.Gap | EventFlags.EndOfMessage };

    private readonly BookBuilder _builder = new();
    private IReadOnlyList<StoreGap> _gaps = [];
    private int _passed;
    private long _gapsFrom = long.MinValue;
    private bool _hasIds;
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
    /// <param name="segments">The segments.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="gaps">What is lost of those that follow; it may grow while they are read.</param>
    public static BookTrack Behind(IReadOnlyList<Segment> segments, StreamName stream, IReadOnlyList<StoreGap> gaps)
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

        (track._gaps, track._passed) = (gaps, 0);
        return track;
    }

    /// <summary>Takes in the next event; true when a checkpoint is due and can be had.</summary>
    public bool Process(in MarketEvent e)
    {
        Pass(e.EventTime);
        if (e.Kind is EventKind.BookUpdate or EventKind.BookSnapshot)
        {
            _hasIds = e.LastUpdateId != 0;
        }

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
        (_hasIds, _gapsFrom) = (from.State.LastUpdateId != 0, from.Time);
        (_time, _number, _receiveTime) = (from.Time, from.Number, from.ReceiveTime);
        var order = new JournalOrder(segments) { FirstOrdinal = from.NextOrdinal, Wants = (_, s) => s.Channel == Channel && s.Symbol == stream.Symbol };
        _gaps = order.Gaps;
        while (order.Read(out var run))
        {
            var records = run.Records;
            for (var i = 0; i < run.Count; i++)
            {
                var e = MarketRecord.Read(run.Take(ref records, out _), 0);
                Process(in e);
            }
        }

        // What was lost behind the stream's last event.
        Pass(long.MaxValue);
        _since = Every;
    }

    // Update ids show by themselves that messages are missing. Without them the book is not known again before the next full one.
    private void Pass(long time)
    {
        while (_passed < _gaps.Count && time >= _gaps[_passed].From)
        {
            var gap = _gaps[_passed];
            if (!_hasIds && gap.To > _gapsFrom)
            {
                _builder.Process(in Lost);
            }

            if (time < gap.To)
            {
                return; // an event of its time may stand before or behind it
            }

            _passed++;
        }
    }
}
