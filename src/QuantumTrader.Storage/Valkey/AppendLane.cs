using System.Runtime.InteropServices;

namespace QuantumTrader.Storage.Valkey;

/// <summary>A command that writes, as a place in the bytes of its batch.</summary>
/// <param name="Stream">The stream it is for.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Start">Where it begins.</param>
/// <param name="IdStart">Of an entry: where the id begins.</param>
/// <param name="FieldsStart">Of an entry: where the fields begin.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Events">Events in it.</param>
internal readonly record struct AppendCommand(StreamState Stream, AppendKind Kind, int Start, int IdStart, int FieldsStart, int End, int Events);

/// <summary>What a command does.</summary>
internal enum AppendKind : byte
{
    /// <summary>Adds an entry.</summary>
    Entry,

    /// <summary>Cuts off what is too old, or makes a side stream known: doing it again changes nothing.</summary>
    Repeatable,

    /// <summary>Cuts off what is too many; the answer says how many there were.</summary>
    Limit,
}

/// <summary>Commands that are sent in one go.</summary>
internal sealed class AppendBatch
{
    public RespWriter Bytes { get; } = new(64 * 1024);

    public List<AppendCommand> Commands { get; } = [];

    /// <summary>How many of them the server has answered.</summary>
    public int Answered { get; set; }

    public void Clear()
    {
        Bytes.Clear();
        Commands.Clear();
        Answered = 0;
    }
}

/// <summary>Receives the server's answers, in the order in which the commands were sent.</summary>
internal interface IAppendAnswers
{
    /// <summary>An entry was stored.</summary>
    void Stored(in AppendCommand command, EntryId id);

    /// <summary>So many entries were cut off because there were too many.</summary>
    void CutOff(in AppendCommand command, long entries);

    /// <summary>The command was refused. Returns true when it is to be kept and sent again.</summary>
    bool KeepRefused(in AppendCommand command, ValkeyErrorException error);
}

/// <summary>
/// One connection that commands are written through, several batches ahead of the answers: while the server works on one batch the next
/// one is being filled, on the same thread. What has no answer yet is kept, so that nothing depends on a connection's fate.
/// </summary>
internal sealed class AppendLane(ValkeyOptions options, ValkeyAddress address, bool isAsking, IAppendAnswers answers) : IDisposable
{
    /// <summary>Batches under way before their answers are waited for.</summary>
    private const int Window = 3;

    /// <summary>A batch is sent when it has so many bytes, whatever its number of commands.</summary>
    private const int BatchBytes = 128 * 1024;

    private readonly Queue<AppendBatch> _sent = new();
    private readonly Stack<AppendBatch> _spare = new();
    private AppendBatch _filling = new();
    private AppendBatch? _refused;
    private RespConnection? _connection;

    public ValkeyAddress Address => address;

    /// <summary>Where commands are built.</summary>
    public RespWriter Bytes => _filling.Bytes;

    public bool IsConnected => _connection is not null;

    /// <summary>Commands without an answer.</summary>
    public int Unanswered => _filling.Commands.Count + (_refused?.Commands.Count ?? 0) + _sent.Sum(b => b.Commands.Count - b.Answered);

    /// <summary>Some commands were refused for now and wait for <see cref="TakeUnanswered"/>.</summary>
    public bool HasRefused => _refused is not null;

    /// <summary>Begins a command; returns where it stands. To a node that a slot is moving to each says that it asks for it.</summary>
    public int Begin()
    {
        if (isAsking)
        {
            Bytes.Raw(RespConnection.Asking);
        }

        return Bytes.Length;
    }

    /// <summary>Adds a command whose bytes stand at the end of <see cref="Bytes"/>. Sends when enough has come together.</summary>
    public void Submit(in AppendCommand command)
    {
        _filling.Commands.Add(command);
        if (_filling.Commands.Count >= options.Pipeline || _filling.Bytes.Length >= BatchBytes)
        {
            Send();
        }
    }

    /// <summary>Takes back bytes of a command that was not finished.</summary>
    public void DropUnfinished() => _filling.Bytes.Truncate(_filling.Commands.Count == 0 ? 0 : _filling.Commands[^1].End);

    /// <summary>Sends what has come together. Throws <see cref="IOException"/>; the commands are then still kept.</summary>
    public void Send()
    {
        if (_filling.Commands.Count == 0)
        {
            return;
        }

        var connection = _connection ?? throw new IOException("not connected");
        var batch = _filling;
        _sent.Enqueue(batch);
        _filling = _spare.TryPop(out var spare) ? spare : new AppendBatch();
        try
        {
            connection.Send(batch.Bytes.Written);
        }
        catch (IOException)
        {
            Break();
            throw;
        }

        AwaitAnswers(Window);
    }

    /// <summary>Waits until at most so many batches are without an answer.</summary>
    public void AwaitAnswers(int batches)
    {
        while (_sent.Count > batches)
        {
            var batch = _sent.Peek();
            try
            {
                ReadAnswers(_connection ?? throw new IOException("not connected"), batch);
            }
            catch (IOException)
            {
                Break();
                throw;
            }

            _sent.Dequeue();
            batch.Clear();
            _spare.Push(batch);
        }
    }

    /// <summary>Connects if it is not. Throws <see cref="StoreException"/>.</summary>
    public void Connect() => _connection ??= RespConnection.Open(options, address);

    /// <summary>Lets the connection go; everything without an answer is kept.</summary>
    public void Break()
    {
        _connection?.Dispose();
        _connection = null;
    }

    /// <summary>Hands over all commands without an answer, oldest first, and forgets them. Those that were sent say so.</summary>
    public void TakeUnanswered(Action<AppendBatch, AppendCommand, bool> take)
    {
        // Commands that were refused are older than those without an answer, because answers come in order.
        foreach (var command in _refused?.Commands ?? [])
        {
            take(_refused!, command, false);
        }

        _refused = null;
        foreach (var batch in _sent)
        {
            foreach (var command in CollectionsMarshal.AsSpan(batch.Commands)[batch.Answered..])
            {
                take(batch, command, true);
            }
        }

        _sent.Clear();
        var filling = _filling;
        _filling = new AppendBatch();
        filling.Commands.ForEach(command => take(filling, command, false));
    }

    public void Dispose() => Break();

    private void ReadAnswers(RespConnection connection, AppendBatch batch)
    {
        var reader = connection.Reader;
        foreach (ref readonly var command in CollectionsMarshal.AsSpan(batch.Commands)[batch.Answered..])
        {
            if (isAsking)
            {
                reader.Next();
            }

            reader.Next();
            if (reader.Kind == RespKind.Error)
            {
                if (answers.KeepRefused(in command, new ValkeyErrorException(reader.Text())))
                {
                    KeepRefused(batch, command);
                }
            }
            else if (command.Kind == AppendKind.Entry)
            {
                answers.Stored(in command, EntryId.Parse(reader.Bytes));
            }
            else if (command.Kind == AppendKind.Limit && reader.Number > 0)
            {
                answers.CutOff(in command, reader.Number);
            }

            batch.Answered++;
        }
    }

    private void KeepRefused(AppendBatch batch, in AppendCommand command)
    {
        _refused ??= new AppendBatch();
        var start = _refused.Bytes.Length;
        _refused.Bytes.Raw(batch.Bytes.Written[command.Start..command.End]);
        var moved = start - command.Start;
        _refused.Commands.Add(command with { Start = start, IdStart = command.IdStart + moved, FieldsStart = command.FieldsStart + moved, End = command.End + moved });
    }
}
