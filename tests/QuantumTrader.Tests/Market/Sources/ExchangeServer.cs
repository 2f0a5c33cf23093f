using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace QuantumTrader.Tests.Market.Sources;

/// <summary>
/// An exchange on the loopback, down to the bytes of its frames, so that it can also behave badly: streams over a web socket to whoever
/// subscribed, and an answer to each request for a full book.
/// </summary>
internal sealed class ExchangeServer : IDisposable
{
    private const string Salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private readonly ConcurrentDictionary<Client, bool> _clients = new();
    private TcpListener _listener = new(IPAddress.Loopback, 0);

    public ExchangeServer() => Open();

    public int Port { get; private set; }

    public string Url => $"ws://127.0.0.1:{Port}/stream";

    public string DepthUrl => $"http://127.0.0.1:{Port}/depth";

    /// <summary>The answer to a request for a full book; its status first.</summary>
    public Func<(string Status, string Body)> Book { get; set; } = () => ("404 Not Found", "");

    /// <summary>The answer to a subscription; its number stands for {0}. Null for none.</summary>
    public string? Answer { get; set; } = """{"result":null,"id":{0}}""";

    /// <summary>Done when a client says goodbye, before the answer.</summary>
    public Action BeforeGoodbye { get; set; } = () => { };

    public bool AnswersPings { get; set; } = true;

    public ConcurrentQueue<string> Requests { get; } = new();

    public ConcurrentQueue<string> Pongs { get; } = new();

    public int Connections { get; private set; }

    public int BookRequests { get; private set; }

    public int Subscribed => _clients.Values.Count(subscribed => subscribed);

    /// <summary>Sends a message to all that subscribed.</summary>
    public void Send(string message) => SendRaw(Frame(0x81, Encoding.UTF8.GetBytes(message)));

    /// <summary>Sends a message on one connection only; the first is 1.</summary>
    public void SendTo(int connection, string message) =>
        _clients.Keys.Single(c => c.Number == connection).Write(Frame(0x81, Encoding.UTF8.GetBytes(message)));

    public void SendPing(string payload) => SendRaw(Ping(payload));

    public void SendPingTo(int connection, string payload) => _clients.Keys.Single(c => c.Number == connection).Write(Ping(payload));

    public void SendClose() => SendRaw(Frame(0x88, [0x03, 0xE9]));

    /// <summary>Sends the first half of a message and cuts the connections.</summary>
    public void SendHalfAndCut(string message)
    {
        var frame = Frame(0x81, Encoding.UTF8.GetBytes(message));
        SendRaw(frame[..(frame.Length / 2)]);
        Cut();
    }

    public void Cut()
    {
        foreach (var client in _clients.Keys)
        {
            client.Tcp.Dispose();
            _clients.TryRemove(client, out _);
        }
    }

    /// <summary>Goes away with all its connections.</summary>
    public void Stop()
    {
        _listener.Dispose();
        Cut();
    }

    /// <summary>Comes back at the same port.</summary>
    public void Restart()
    {
        _listener = new TcpListener(IPAddress.Loopback, Port);
        Open();
    }

    public void AwaitSubscription(int clients = 1) => Until(() => Subscribed == clients, "the source must subscribe");

    public static void Until(Func<bool> condition, string what) => SpinWait.SpinUntil(condition, 20_000).ShouldBeTrue(what);

    public void Dispose() => Stop();

    private void Open()
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        var listener = _listener;
        Task.Factory.StartNew(() => Accept(listener), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private void Accept(TcpListener listener)
    {
        try
        {
            while (true)
            {
                var tcp = listener.AcceptTcpClient();
                Task.Factory.StartNew(() => Serve(tcp), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped.
        }
    }

    private void Serve(TcpClient tcp)
    {
        using var closing = tcp;
        var client = new Client(tcp, tcp.GetStream());
        try
        {
            tcp.NoDelay = true;
            var head = ReadHead(client.Stream);
            if (head.StartsWith("GET /depth", StringComparison.Ordinal))
            {
                BookRequests++;
                var (status, body) = Book();
                client.Stream.Write(Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"));
                return;
            }

            var key = head.Split("Sec-WebSocket-Key: ")[1].Split("\r\n")[0];
#pragma warning disable CA5350 // The protocol's own.
            var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Salt)));
#pragma warning restore CA5350
            client.Stream.Write(Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
            client.Number = ++Connections;
            ReadFrames(client);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or IndexOutOfRangeException or InvalidOperationException)
        {
            // The client went away, or was cut off.
        }
        finally
        {
            _clients.TryRemove(client, out _);
        }
    }

    private void ReadFrames(Client client)
    {
        while (true)
        {
            var (operation, payload) = ReadFrame(client.Stream);
            switch (operation)
            {
                case 1:
                    var request = Encoding.UTF8.GetString(payload);
                    Requests.Enqueue(request);
                    if (Answer is { } answer)
                    {
                        // Whoever reads the answer may rely on getting everything that is sent from then on.
                        _clients[client] = true;
                        client.Write(Frame(0x81, Encoding.UTF8.GetBytes(answer.Replace("{0}", request.Split("\"id\":")[1].TrimEnd('}'), StringComparison.Ordinal))));
                    }

                    break;
                case 8:
                    BeforeGoodbye();
                    client.Write(Frame(0x88, payload));
                    return;
                case 9 when AnswersPings:
                    client.Write(Frame(0x8A, payload));
                    break;
                case 10:
                    Pongs.Enqueue(Encoding.ASCII.GetString(payload));
                    break;
                default:
                    break;
            }
        }
    }

    private void SendRaw(byte[] bytes)
    {
        foreach (var client in _clients.Keys)
        {
            try
            {
                client.Write(bytes);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                _clients.TryRemove(client, out _);
            }
        }
    }

    private static byte[] Ping(string payload) => Frame(0x89, Encoding.ASCII.GetBytes(payload));

    private static byte[] Frame(byte head, byte[] payload) =>
        payload.Length < 126 ? [head, (byte)payload.Length, .. payload]
        : payload.Length < 65_536 ? [head, 126, (byte)(payload.Length >> 8), (byte)payload.Length, .. payload]
        : [head, 127, 0, 0, 0, 0, (byte)(payload.Length >> 24), (byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, .. payload];

    // What clients send is short and masked.
    private static (int Operation, byte[] Payload) ReadFrame(NetworkStream stream)
    {
        var head = new byte[2];
        stream.ReadExactly(head);
        var length = head[1] & 0x7F;
        if (length == 126)
        {
            var more = new byte[2];
            stream.ReadExactly(more);
            length = (more[0] << 8) | more[1];
        }

        var mask = new byte[4];
        stream.ReadExactly(mask);
        var payload = new byte[length];
        stream.ReadExactly(payload);
        for (var i = 0; i < length; i++)
        {
            payload[i] ^= mask[i % 4];
        }

        return (head[0] & 0x0F, payload);
    }

    private static string ReadHead(NetworkStream stream)
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && stream.ReadByte() is >= 0 and var next)
        {
            head.Append((char)next);
        }

        return head.ToString();
    }

    private sealed class Client(TcpClient tcp, NetworkStream stream)
    {
        public TcpClient Tcp => tcp;

        public NetworkStream Stream => stream;

        public int Number { get; set; }

        // Messages, pongs and answers come from several threads.
        public void Write(byte[] bytes)
        {
            lock (Stream)
            {
                Stream.Write(bytes);
            }
        }
    }
}
