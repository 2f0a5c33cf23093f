using System.Diagnostics;
using System.Runtime.InteropServices;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.App.Benchmarks;

/// <summary>A subscriber on a thread of its own that counts what it gets.</summary>
internal sealed class BusReceiver : IDisposable
{
    private readonly ZmqContext _context = new();
    private readonly Thread _thread;
    private readonly int _events;
    private readonly int _eventsPerMessage;
    private volatile bool _isStopped;
    private long _received;
    private long _finishedAt;

    public BusReceiver(string endpoint, byte[] topic, int events, int eventsPerMessage, int highWater)
    {
        (_events, _eventsPerMessage) = (events, eventsPerMessage);
        Latencies = new List<double>(events <= 100_000 ? events : 0);
        _thread = new Thread(() => Receive(endpoint, topic, highWater)) { IsBackground = true };
        _thread.Start();
    }

    public List<double> Latencies { get; }

    /// <summary>Events that came.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Waits while more than so many of the events that were sent are still on their way.</summary>
    public void LetCome(long sent, int onTheWay)
    {
        while (sent - Received > onTheWay)
        {
            Waiting.Briefly();
        }
    }

    /// <summary>Seconds from the start until everything had come.</summary>
    public double WaitForAll(long start)
    {
        if (!_thread.Join(Waiting.Patience) || _received < _events)
        {
            throw new TimeoutException($"Invariant: {_events} events were sent and {_received} received.");
        }

        return (_finishedAt - start) / (double)Stopwatch.Frequency;
    }

    public void Dispose()
    {
        _isStopped = true;
        _thread.Join(Waiting.Patience);
        _context.Dispose();
    }

    // Where throughput is measured the subscriber looks once a millisecond: being woken for each message would cost the sender's side too.
    private void Wait(ZmqPoller poller)
    {
        if (Latencies.Capacity > 0)
        {
            poller.Wait(50);
        }
        else
        {
            Waiting.Briefly();
        }
    }

    private void Receive(string endpoint, byte[] topic, int highWater)
    {
        using var socket = new ZmqSocket(_context, SocketKind.Sub);
        using var frame = new ZmqFrame();
        socket.Set(SocketOption.ReceiveHighWater, highWater);
        socket.Subscribe(topic);
        socket.Connect(endpoint);
        var poller = new ZmqPoller(socket);
        while (_received < _events && !_isStopped)
        {
            if (!socket.TryReceive(frame))
            {
                Wait(poller);
                continue;
            }

            if (frame.More)
            {
                socket.TryReceive(frame);
            }

            if (_eventsPerMessage == 1)
            {
                _received++;
                if (Latencies.Capacity > 0)
                {
                    Latencies.Add((Stopwatch.GetTimestamp() - MemoryMarshal.Read<long>(frame.Data[(BinaryFrame.HeadSize + 16)..])) * 1e6 / Stopwatch.Frequency);
                }
            }
            else
            {
                _received += (frame.Data.Length - BinaryFrame.HeadSize) / BinaryFrame.EventSize;
            }
        }

        _finishedAt = Stopwatch.GetTimestamp();
    }
}
