using System.Runtime.InteropServices;

namespace QuantumTrader.Storage.Valkey;

// After an outage: what has no answer is compared with what the server has, and only what is missing is sent again.
public sealed partial class ValkeyStore
{
    // Sends what is left and waits for all answers, so that what a block handed over is safe before the block goes on.
    private void Confirm()
    {
        foreach (var lane in _lanes.Values)
        {
            lane.Send();
        }

        foreach (var lane in _lanes.Values)
        {
            lane.AwaitAnswers(0);
        }

        // A refusal that passes at once, such as a slot that moved or is moving, is mended here; otherwise it throws.
        for (var attempt = 0; _lanes.Values.Any(l => l.HasRefused); attempt++)
        {
            if (attempt == MostRedirections)
            {
                throw new StoreException($"{_options} sent entries back {attempt} times, because their keys move or other programs write the same streams. They are kept and sent again.");
            }

            Recover();
        }
    }

    private void MakeReady()
    {
        // Whether a slot is still moving is asked of the node that has it, call by call.
        foreach (var stream in _moving)
        {
            (stream.Asked, stream.Lane) = (null, null);
        }

        _moving.Clear();
        if (!_backoff.MayTry)
        {
            throw new StoreException(_backoff.Failure!.Message, _backoff.Failure);
        }

        if (_kept.Count == 0 && _backoff.Failure is null && _lanes.Values.All(l => l.IsConnected && !l.HasRefused))
        {
            return;
        }

        try
        {
            Recover();
            Confirm();
            _backoff.Succeeded();
        }
        catch (Exception e) when (e is IOException or StoreException)
        {
            throw Failed(e);
        }
    }

    /// <summary>Sends again what has no answer, less what turns out to have been stored.</summary>
    private void Recover()
    {
        _refusal = null;
        foreach (var lane in _lanes.Values)
        {
            if (lane.IsConnected)
            {
                lane.Send();
                lane.AwaitAnswers(0);
            }
        }

        foreach (var lane in _lanes.Values.Where(l => !l.IsConnected || l.HasRefused))
        {
            lane.TakeUnanswered((batch, command, wasSent) => _kept.Add(new Kept(batch, command, wasSent)));
        }

        // What these held is kept above, and goes where its stream is now: a node that is gone for good must not be asked for ever.
        foreach (var (where, lane) in _lanes.Where(l => !l.Value.IsConnected).ToList())
        {
            lane.Dispose();
            _lanes.Remove(where);
            _hasMoved = true;
        }

        if (_hasMoved)
        {
            _routes.Forget();
            _hasMoved = false;
        }

        foreach (var stream in _moving)
        {
            stream.Lane = null;
        }

        try
        {
            DropConfirmed();
            foreach (var stream in _kept.Select(k => k.Command.Stream).Distinct().Where(s => s.IsTopStale).ToList())
            {
                LoadTop(stream);
                stream.SentAgainMs = stream.TopMs;
                stream.IsTopStale = false;
            }
        }
        catch (ValkeyErrorException e)
        {
            throw ValkeyErrors.Refused(_options.Address, e);
        }

        var sent = 0;
        try
        {
            foreach (ref readonly var kept in CollectionsMarshal.AsSpan(_kept))
            {
                var lane = LaneOf(kept.Command.Stream);
                var command = Copy(in kept, lane);
                sent++;
                lane.Submit(in command);
            }
        }
        finally
        {
            _kept.RemoveRange(0, sent);
        }

        foreach (var lane in _lanes.Values)
        {
            lane.Connect();
            lane.Send();
            lane.AwaitAnswers(0);
        }

        if (_refusal is { } refusal)
        {
            throw ValkeyErrors.Refused(_options.Address, refusal);
        }
    }

    private static AppendCommand Copy(in Kept kept, AppendLane lane)
    {
        var command = kept.Command;
        var source = kept.Batch.Bytes.Written;
        var start = lane.Begin();
        var target = lane.Bytes;
        if (command.Kind != AppendKind.Entry)
        {
            target.Raw(source[command.Start..command.End]);
            return command with { Start = start, End = target.Length };
        }

        target.Raw(source[command.Start..command.IdStart]);
        var idStart = target.Length;
        var digits = source[command.IdStart..command.FieldsStart];
        digits = digits[(digits.IndexOf((byte)'\n') + 1)..];
        WriteId(target, Math.Max(EntryId.Parse(digits[..digits.IndexOf((byte)'-')]).Ms, kept.Command.Stream.SentAgainMs));
        var fieldsStart = target.Length;
        target.Raw(source[command.FieldsStart..command.End]);
        return command with { Start = start, IdStart = idStart, FieldsStart = fieldsStart, End = target.Length };
    }

    // The outcome of what was sent before a connection was lost is unknown. Entries are compared by their bytes: those behind the last
    // confirmed one that equal ours are ours.
    private void DropConfirmed()
    {
        foreach (var group in _kept.Where(k => k is { WasSent: true, Command.Kind: AppendKind.Entry }).GroupBy(k => k.Command.Stream).ToList())
        {
            var open = new Queue<Kept>(group);
            var stored = new HashSet<Kept>();
            _query.ReadBehind(group.Key.Key, group.Key.Confirmed, (page, entry) =>
            {
                if (open.TryPeek(out var next) && page.Raw(entry).SequenceEqual(next.Batch.Bytes.Written[next.Command.FieldsStart..next.Command.End]))
                {
                    stored.Add(open.Dequeue());
                    Stored(next.Command, page.Id(entry));
                }

                return open.Count > 0;
            });
            _kept.RemoveAll(stored.Contains);
        }

        for (var i = 0; i < _kept.Count; i++)
        {
            _kept[i] = _kept[i] with { WasSent = false };
        }
    }

    private StoreException Failed(Exception e)
    {
        var failure = e as StoreException ?? ValkeyErrors.Down(_options.Address, e is IOException { InnerException: System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.TimedOut or System.Net.Sockets.SocketError.WouldBlock } } ? $"no answer within {_options.TimeoutMs} ms" : e.Message, e);
        _outages += _backoff.Failure is null ? 1 : 0;
        _backoff.Failed(failure);
        _routes.Forget();
        return failure;
    }

    /// <summary>A command that waits to be sent again.</summary>
    private readonly record struct Kept(AppendBatch Batch, AppendCommand Command, bool WasSent);
}
