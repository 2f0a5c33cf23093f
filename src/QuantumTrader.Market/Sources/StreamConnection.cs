using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace QuantumTrader.Market.Sources;

/// <summary>One web-socket connection to the exchange: subscribes to streams and reads until it ends.</summary>
internal sealed class StreamConnection : IDisposable
{
    private const int FirstBufferSize = 64 * 1024;
    private const int BytesShown = 200;

    // The exchange takes at most five messages a second, pongs included, and cuts off who sends more.
    private const int StreamsPerRequest = 50;
    private static readonly TimeSpan PauseBetweenRequests = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(1);

    private readonly ClientWebSocket _socket = new();
    private readonly WebSocketOptions _options;
    private readonly ArrivalLane _lane;
    private readonly TimeProvider _clock;
    private readonly ITimer _watch;
    private byte[] _buffer = new byte[FirstBufferSize];
    private TaskCompletionSource<string?>? _answer;
    private long _lastReceived;
    private string? _whyAborted;

    /// <summary>Connects to nothing yet.</summary>
    public StreamConnection(WebSocketOptions options, ArrivalLane lane, TimeProvider clock)
    {
        (_options, _lane, _clock) = (options, lane, clock);
        _socket.Options.KeepAliveInterval = TimeSpan.FromMilliseconds(options.PingMs);
        _socket.Options.KeepAliveTimeout = TimeSpan.FromMilliseconds(options.PongMs);
        _watch = clock.CreateTimer(_ => EndWhenSilent(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Ends with the connection, and says why it did.</summary>
    public Task<string> Reading { get; private set; } = Task.FromResult("it was not opened");

    /// <summary>Connects and subscribes; from then on messages arrive.</summary>
    /// <exception cref="Exception">
    /// <see cref="WebSocketException"/>, <see cref="IOException"/>, <see cref="OperationCanceledException"/> or <see cref="TimeoutException"/>: it could not.
    /// </exception>
    public async Task OpenAsync(IReadOnlyList<string> streams, CancellationToken stop)
    {
        var timeout = TimeSpan.FromMilliseconds(_options.TimeoutMs);
        using var tooLate = new CancellationTokenSource(timeout, _clock);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(tooLate.Token, stop);
        try
        {
            await _socket.ConnectAsync(new Uri(_options.Url), deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (tooLate.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {_options.TimeoutMs} ms");
        }

        Reading = ReadAsync();
        var number = 0;
        foreach (var part in streams.Chunk(StreamsPerRequest))
        {
            if (number > 0)
            {
                await Task.Delay(PauseBetweenRequests, _clock, stop).ConfigureAwait(false);
            }

            var answer = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _answer, answer);
            var request = JsonSerializer.SerializeToUtf8Bytes(new { method = "SUBSCRIBE", @params = part, id = ++number });
            await _socket.SendAsync(request, WebSocketMessageType.Text, endOfMessage: true, stop).ConfigureAwait(false);
            await Task.WhenAny((Task)answer.Task, Reading).WaitAsync(timeout, _clock, stop).ConfigureAwait(false);
            if (!answer.Task.IsCompleted)
            {
                throw new IOException($"it ended before the subscription was answered: {await Reading.ConfigureAwait(false)}");
            }

            if (await answer.Task.ConfigureAwait(false) is { } refusal)
            {
                throw new IOException($"the subscription to {part[0]}{(part.Length > 1 ? $" and {part.Length - 1} others" : "")} was refused: {refusal}");
            }
        }

        Volatile.Write(ref _lastReceived, _clock.GetTimestamp());
        var period = TimeSpan.FromMilliseconds(Math.Max(1, _options.SilenceMs / 4));
        _watch.Change(period, period);
    }

    /// <summary>Hands on what came while an older connection was still there.</summary>
    public void TakeOver() => _lane.Release();

    /// <summary>Says goodbye and reads what was under way; gives up on both after a second.</summary>
    public async Task CloseAsync()
    {
        try
        {
            using var deadline = new CancellationTokenSource(LongestGoodbye, _clock);
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, deadline.Token).ConfigureAwait(false);
            await Reading.WaitAsync(LongestGoodbye, _clock).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException or IOException or TimeoutException)
        {
            // The other side is gone or does not answer: then there is nobody to say goodbye to.
        }

        Dispose();
    }

    private async Task<string> ReadAsync()
    {
        var length = 0;
        try
        {
            while (true)
            {
                length = 0;
                var isTooLong = false;
                ValueWebSocketReceiveResult part;
                do
                {
                    if (length == _buffer.Length && !TryGrow())
                    {
                        isTooLong = true;
                        length = BytesShown;
                    }

                    part = await _socket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None).ConfigureAwait(false);
                    Volatile.Write(ref _lastReceived, _clock.GetTimestamp());
                    if (part.MessageType == WebSocketMessageType.Close)
                    {
                        return $"the exchange closed it ({_socket.CloseStatus} {_socket.CloseStatusDescription})";
                    }

                    length += part.Count;
                }
                while (!part.EndOfMessage);

                if (isTooLong)
                {
                    _lane.Put(ArrivalKind.TooLong, _buffer.AsSpan(0, BytesShown));
                }
                else if (!IsAnswer(_buffer.AsMemory(0, length)))
                {
                    _lane.Put(ArrivalKind.Message, _buffer.AsSpan(0, length));
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException or IOException)
        {
            if (length > 0)
            {
                _lane.Put(ArrivalKind.Cut, _buffer.AsSpan(0, Math.Min(length, BytesShown)));
            }

            return Volatile.Read(ref _whyAborted) ?? e.Message;
        }
    }

    private bool TryGrow()
    {
        if (_buffer.Length >= _options.MaxMessageBytes)
        {
            return false;
        }

        Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, _options.MaxMessageBytes));
        return true;
    }

    // The answer to a request has its number, or is an error; what streams send has a stream. Only one request is under way at a time.
    private bool IsAnswer(ReadOnlyMemory<byte> json)
    {
        if (Volatile.Read(ref _answer) is not { Task.IsCompleted: false } answer || json.Span.StartsWith("{\"stream\":"u8))
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || root.TryGetProperty("stream", out _))
            {
                return false;
            }

            var isRefused = root.TryGetProperty("error", out _) || root.TryGetProperty("msg", out _);
            return (isRefused || root.TryGetProperty("result", out _))
                && answer.TrySetResult(isRefused ? Encoding.UTF8.GetString(json.Span[..Math.Min(json.Length, BytesShown)]) : null);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private void EndWhenSilent()
    {
        if (_clock.GetElapsedTime(Volatile.Read(ref _lastReceived)).TotalMilliseconds > _options.SilenceMs)
        {
            Volatile.Write(ref _whyAborted, $"nothing came for {_options.SilenceMs} ms");
            _socket.Abort();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch.Dispose();
        _socket.Dispose();
        _lane.Forget();
    }
}
