using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace QuantumTrader.Tests.App.Alerting;

/// <summary>A server on the loopback that talks to one client after another, each on a thread of its own.</summary>
internal abstract class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    protected LoopbackServer()
    {
        _listener.Start();
        Task.Factory.StartNew(Accept, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose() => _listener.Dispose();

    protected abstract void Serve(StreamReader reader, Stream stream);

    private void Accept()
    {
        try
        {
            while (true)
            {
                var client = _listener.AcceptTcpClient();
                Task.Factory.StartNew(() => ServeOne(client), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped.
        }
    }

    private void ServeOne(TcpClient client)
    {
        using var _ = client;
        try
        {
            using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
            Serve(reader, client.GetStream());
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The client went away.
        }
    }
}

/// <summary>Receives posts, and answers them as it is told: a status line with headers, or nothing at all.</summary>
internal sealed class HttpReceiver : LoopbackServer
{
    /// <summary>No answer: the connection stays open.</summary>
    public const string Silence = "";

    /// <summary>The answers to come; afterwards every post is taken.</summary>
    public ConcurrentQueue<string> Answers { get; } = new();

    /// <summary>Path, headers and body of what was taken.</summary>
    public ConcurrentQueue<(string Path, string Head, string Body)> Taken { get; } = new();

    /// <summary>Posts, taken or not.</summary>
    public int Posts => _posts;

    private int _posts;

    public string Url => $"http://127.0.0.1:{Port}/hook";

    protected override void Serve(StreamReader reader, Stream stream)
    {
        while (reader.ReadLine() is { Length: > 0 } request)
        {
            var (head, length) = (new StringBuilder(), 0);
            while (reader.ReadLine() is { Length: > 0 } line)
            {
                head.AppendLine(line);
                length = line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase) ? int.Parse(line[16..], CultureInfo.InvariantCulture) : length;
            }

            var body = new char[length];
            reader.ReadBlock(body).ShouldBe(length, "the tests post plain ASCII");
            Interlocked.Increment(ref _posts);
            var answer = Answers.TryDequeue(out var next) ? next : "200 OK";
            if (answer == Silence)
            {
                reader.ReadLine();
                return;
            }

            if (answer.StartsWith("200", StringComparison.Ordinal))
            {
                Taken.Enqueue((request.Split(' ')[1], head.ToString(), new string(body)));
            }

            stream.Write(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n"));
        }
    }
}

/// <summary>Receives mail, and answers each one as it is told.</summary>
internal sealed class MailReceiver : LoopbackServer
{
    /// <summary>The answers to come behind a mail; afterwards every one is taken.</summary>
    public ConcurrentQueue<string> Answers { get; } = new();

    public ConcurrentQueue<string> Taken { get; } = new();

    protected override void Serve(StreamReader reader, Stream stream)
    {
        Say("220 loopback");
        while (reader.ReadLine() is { } line)
        {
            switch (line.Split(' ')[0].ToUpperInvariant())
            {
                case "DATA":
                    Say("354 go on");
                    var mail = new StringBuilder();
                    while (reader.ReadLine() is { } text && text != ".")
                    {
                        mail.AppendLine(text);
                    }

                    var answer = Answers.TryDequeue(out var next) ? next : "250 taken";
                    if (answer.StartsWith("250", StringComparison.Ordinal))
                    {
                        Taken.Enqueue(mail.ToString());
                    }

                    Say(answer);
                    break;
                case "QUIT":
                    Say("221 bye");
                    return;
                default:
                    Say("250 ok");
                    break;
            }
        }

        void Say(string text) => stream.Write(Encoding.ASCII.GetBytes(text + "\r\n"));
    }
}
