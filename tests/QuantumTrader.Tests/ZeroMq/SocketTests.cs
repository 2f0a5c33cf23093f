using System.Text;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.Tests.ZeroMq;

public sealed class SocketTests : IDisposable
{
    private readonly ZmqContext _context = new();
    private readonly List<ZmqSocket> _sockets = [];

    public void Dispose()
    {
        _sockets.ForEach(s => s.Dispose());
        _context.Dispose();
    }

    private ZmqSocket Open(SocketKind kind)
    {
        var socket = new ZmqSocket(_context, kind);
        _sockets.Add(socket);
        return socket;
    }

    [Fact]
    public void Work_is_shared_out_by_push_and_pull()
    {
        var push = Open(SocketKind.Push);
        push.Bind(BusFixture.Anywhere);
        var pull = Open(SocketKind.Pull);
        pull.Connect(push.LastEndpoint);
        BusFixture.Until(() => push.TrySend("work"u8), "the connection must stand");

        BusFixture.Receive(pull).ShouldBe([[.. "work"u8]]);
    }

    [Fact]
    public void A_router_answers_the_dealer_that_asked()
    {
        var router = Open(SocketKind.Router);
        router.Bind(BusFixture.Anywhere);
        var asker = Open(SocketKind.Dealer);
        asker.SetRoutingId("agent-1"u8);
        var other = Open(SocketKind.Dealer);
        asker.Connect(router.LastEndpoint);
        other.Connect(router.LastEndpoint);
        BusFixture.Until(() => asker.TrySend("register"u8), "the connection must stand");

        var question = BusFixture.Receive(router);
        question.Select(Encoding.UTF8.GetString).ShouldBe(["agent-1", "register"]);
        router.TrySend(question[0], more: true).ShouldBeTrue();
        router.TrySend("welcome"u8).ShouldBeTrue();
        BusFixture.Receive(asker).ShouldBe([[.. "welcome"u8]]);
        using var frame = new ZmqFrame();
        other.TryReceive(frame).ShouldBeFalse();
    }

    [Fact]
    public void Only_the_owning_thread_may_use_a_socket_until_it_hands_it_over()
    {
        var socket = Open(SocketKind.Push);
        InAnotherThread(() => Should.Throw<InvalidOperationException>(() => socket.TrySend("x"u8)).Message.ShouldStartWith("Invariant: the Push socket belongs to thread "));

        socket.HandOver();
        InAnotherThread(() =>
        {
            socket.TrySend("x"u8).ShouldBeFalse("nobody is connected");
            socket.HandOver();
        });
        socket.TrySend("x"u8).ShouldBeFalse();
    }

    private static void InAnotherThread(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        failure.ShouldBeNull();
    }

    [Fact]
    public void Errors_are_told_by_name_and_text()
    {
        var first = Open(SocketKind.Pub);
        first.Bind(BusFixture.Anywhere);
        var second = Open(SocketKind.Pub);

        var inUse = Should.Throw<ZmqException>(() => second.Bind(first.LastEndpoint));
        inUse.Error.ShouldBe(ZmqError.AddressInUse);
        inUse.Message.ShouldBe($"zmq_bind {first.LastEndpoint} failed: Address already in use (AddressInUse, {inUse.Number}).");
        Should.Throw<ZmqException>(() => second.Bind("carrier-pigeon://x")).Error.ShouldBe(ZmqError.ProtocolNotSupported);
        Should.Throw<ZmqException>(() => second.Bind("nonsense")).Error.ShouldBe(ZmqError.Invalid);
    }

    [Fact]
    public void The_monitor_tells_of_connections_made_and_lost()
    {
        var listener = Open(SocketKind.Pub);
        listener.Bind(BusFixture.Anywhere);
        var connector = new ZmqSocket(_context, SocketKind.Sub);
        using var monitor = new ZmqMonitor(listener, ZmqEvents.Accepted | ZmqEvents.Disconnected);
        connector.Connect(listener.LastEndpoint);
        var seen = new List<ZmqEvents>();
        void Await(ZmqEvents wanted) => BusFixture.Until(
            () =>
            {
                if (monitor.TryRead(out var happened, out _))
                {
                    seen.Add(happened);
                }

                return seen.Contains(wanted);
            },
            $"{wanted} must be told");

        Await(ZmqEvents.Accepted);
        connector.Dispose();
        Await(ZmqEvents.Disconnected);
    }

    [Fact]
    public void A_poller_says_which_socket_can_be_read()
    {
        var push = Open(SocketKind.Push);
        push.Bind(BusFixture.Anywhere);
        var silent = Open(SocketKind.Pull);
        silent.Bind(BusFixture.Anywhere);
        var pull = Open(SocketKind.Pull);
        pull.Connect(push.LastEndpoint);
        var poller = new ZmqPoller(silent, pull);
        poller.Wait(0).ShouldBeFalse();
        BusFixture.Until(() => push.TrySend("work"u8), "the connection must stand");

        BusFixture.Until(() => poller.Wait(100), "the message must come");
        poller.IsReadable(0).ShouldBeFalse();
        poller.IsReadable(1).ShouldBeTrue();
    }

    [Fact]
    public void A_context_may_be_disposed_before_its_sockets()
    {
        var context = new ZmqContext();
        var socket = new ZmqSocket(context, SocketKind.Pub);
        context.Dispose();

        socket.Bind(BusFixture.Anywhere);
        socket.LastEndpoint.ShouldStartWith("tcp://127.0.0.1:");
        socket.Dispose();
    }
}
