// A small SIP node for the tests, in place of livekit-sip: LiveKit's server asks it over redis (psrpc, `SIPInternal`) to call
// somebody; it joins the room as a participant of kind SIP, sends a real INVITE, and reports the phone's state in the
// participant's attributes. It carries no sound.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/redis"
	"github.com/livekit/protocol/rpc"
	"github.com/livekit/psrpc"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	statusAttribute = "sip.callStatus"
	defaultRinging  = 3 * time.Minute
	// How long a callee may take over its CANCEL.
	cancelSlack    = 500 * time.Millisecond
	defaultLongest = 24 * time.Hour
)

type node struct {
	livekitURL, key, secret string
	dialogs                 *sipgo.DialogClientCache
}

func main() {
	n := &node{key: os.Getenv("LIVEKIT_API_KEY"), secret: os.Getenv("LIVEKIT_API_SECRET")}
	redisAddress := flag.String("redis", "127.0.0.1:6379", "where redis is")
	sipAddress := flag.String("sip", "127.0.0.1", "the address calls come from")
	sipPort := flag.Int("port", 5060, "and its port")
	flag.StringVar(&n.livekitURL, "livekit", "ws://127.0.0.1:7880", "the LiveKit server")
	flag.Parse()
	if err := n.run(*redisAddress, *sipAddress, *sipPort); err != nil {
		log.Fatal(err)
	}
}

func (n *node) run(redisAddress, sipAddress string, sipPort int) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	agent, err := sipgo.NewUA()
	if err != nil {
		return err
	}
	defer agent.Close()
	server, err := sipgo.NewServer(agent)
	if err != nil {
		return err
	}
	client, err := sipgo.NewClient(agent, sipgo.WithClientHostname(sipAddress), sipgo.WithClientPort(sipPort))
	if err != nil {
		return err
	}
	contact := sip.ContactHeader{Address: sip.Uri{User: "sipnode", Host: sipAddress, Port: sipPort}}
	n.dialogs = sipgo.NewDialogClientCache(client, contact)
	server.OnBye(func(request *sip.Request, tx sip.ServerTransaction) {
		if err := n.dialogs.ReadBye(request, tx); err != nil {
			log.Printf("BYE of an unknown dialog: %v", err)
		}
	})
	go func() {
		if err := server.ListenAndServe(ctx, "udp", fmt.Sprintf("%s:%d", sipAddress, sipPort)); err != nil && ctx.Err() == nil {
			log.Fatal(err)
		}
	}()
	store, err := redis.GetRedisClient(&redis.RedisConfig{Address: redisAddress})
	if err != nil {
		return err
	}
	rpcServer, err := rpc.NewSIPInternalServer(n, psrpc.NewRedisMessageBus(store))
	if err != nil {
		return err
	}
	defer rpcServer.Shutdown()
	if err := rpcServer.RegisterCreateSIPParticipantTopic(""); err != nil {
		return err
	}
	log.Println("sipnode ready")
	<-ctx.Done()
	return nil
}

// TransferSIPParticipant is not what this node is for.
func (n *node) TransferSIPParticipant(context.Context, *rpc.InternalTransferSIPParticipantRequest) (*emptypb.Empty, error) {
	return nil, psrpc.NewErrorf(psrpc.Unimplemented, "not by this node")
}

// call is one phone that rings or talks.
type call struct {
	room    *lksdk.Room
	gone    context.Context // the room is deleted, or lost
	session *sipgo.DialogClientSession
}

// CreateSIPParticipant calls somebody, and returns when they have picked up or it is known why not.
func (n *node) CreateSIPParticipant(ctx context.Context, request *rpc.InternalCreateSIPParticipantRequest) (*rpc.InternalCreateSIPParticipantResponse, error) {
	longest := defaultLongest
	if request.MaxCallDuration != nil && request.MaxCallDuration.AsDuration() > 0 {
		longest = request.MaxCallDuration.AsDuration()
	}
	// From the dial, as livekit-sip counts it: the ringing is a part of it.
	over := time.After(longest)
	c, err := n.join(request)
	if err != nil {
		return nil, psrpc.NewError(psrpc.Internal, err)
	}
	ringing := defaultRinging
	if request.RingingTimeout != nil {
		ringing = request.RingingTimeout.AsDuration()
	}
	if err := n.ring(c, request, ringing); err != nil {
		return nil, err
	}
	c.room.LocalParticipant.SetAttributes(map[string]string{statusAttribute: "active"})
	go c.talk(over)
	return &rpc.InternalCreateSIPParticipantResponse{
		ParticipantId:       c.room.LocalParticipant.SID(),
		ParticipantIdentity: request.ParticipantIdentity,
		SipCallId:           request.SipCallId,
	}, nil
}

// join enters the room, as whom the server says.
func (n *node) join(request *rpc.InternalCreateSIPParticipantRequest) (*call, error) {
	yes := true
	attributes := map[string]string{statusAttribute: "dialing", "sip.callID": request.SipCallId, "sip.trunkID": request.SipTrunkId,
		"sip.phoneNumber": request.CallTo, "sip.trunkPhoneNumber": request.Number, "sip.hostname": request.Hostname}
	for name, value := range request.ParticipantAttributes {
		attributes[name] = value
	}
	token, err := auth.NewAccessToken(n.key, n.secret).
		SetIdentity(request.ParticipantIdentity).SetName(request.ParticipantName).SetMetadata(request.ParticipantMetadata).
		SetKind(livekit.ParticipantInfo_SIP).SetAttributes(attributes).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: request.RoomName, CanUpdateOwnMetadata: &yes}).
		SetValidFor(time.Minute).ToJWT()
	if err != nil {
		return nil, err
	}
	gone, leave := context.WithCancel(context.Background())
	callback := lksdk.NewRoomCallback()
	callback.OnDisconnected = leave
	// Subscribed as livekit-sip is, and thrown away: an agent says nothing as long as nobody hears it.
	room, err := lksdk.ConnectToRoomWithToken(n.livekitURL, token, callback, lksdk.WithAutoSubscribe(true))
	if err != nil {
		leave()
		return nil, err
	}
	return &call{room: room, gone: gone}, nil
}

// ring sends the INVITE and waits. The room going away, or the time, cancels it.
func (n *node) ring(c *call, request *rpc.InternalCreateSIPParticipantRequest, longest time.Duration) error {
	ctx, cancel := context.WithTimeout(c.gone, longest)
	defer cancel()
	var to sip.Uri
	if err := sip.ParseUri(fmt.Sprintf("sip:%s@%s", request.CallTo, request.Address), &to); err != nil {
		c.leave(livekit.DisconnectReason_CLIENT_INITIATED)
		return psrpc.NewError(psrpc.InvalidArgument, err)
	}
	from := sip.FromHeader{Address: sip.Uri{User: request.Number, Host: "sipnode"}, Params: sip.NewParams()}
	from.Params.Add("tag", sip.GenerateTagN(16))
	invited := make(chan error, 1)
	go func() { invited <- n.invite(ctx, c, to, from) }()
	select {
	case err := <-invited:
		return c.failed(err)
	case <-ctx.Done():
	}
	select {
	case err := <-invited:
		return c.failed(err)
	case <-time.After(cancelSlack):
	}
	// Who never said a word does not answer a CANCEL either: livekit-sip does not wait for that.
	go func() {
		<-invited
		c.close()
	}()
	c.leave(livekit.DisconnectReason_USER_UNAVAILABLE)
	return notAnswered()
}

// invite returns when the callee has picked up, has refused, or was cancelled.
func (n *node) invite(ctx context.Context, c *call, to sip.Uri, from sip.FromHeader) error {
	session, err := n.dialogs.Invite(ctx, to, offer(), &from, sip.NewHeader("Content-Type", "application/sdp"))
	if err != nil {
		return err
	}
	c.session = session
	err = session.WaitAnswer(ctx, sipgo.AnswerOptions{OnResponse: func(response *sip.Response) error {
		if response.StatusCode == sip.StatusRinging || response.StatusCode == sip.StatusSessionInProgress {
			c.room.LocalParticipant.SetAttributes(map[string]string{statusAttribute: "ringing"})
		}
		return nil
	}})
	if err != nil {
		return err
	}
	return session.Ack(context.Background())
}

func (c *call) close() {
	if c.session != nil {
		_ = c.session.Close()
	}
}

func notAnswered() error {
	return psrpc.NewErrorf(psrpc.Canceled, "the call was not answered")
}

// failed leaves the room for the reason that livekit-sip gives, and makes of a SIP status what the server expects; nothing failed
// without an error.
func (c *call) failed(err error) error {
	if err == nil {
		return nil
	}
	c.close()
	var final *sipgo.ErrDialogResponse
	if !errors.As(err, &final) || final.Res.StatusCode == sip.StatusRequestTerminated {
		c.leave(livekit.DisconnectReason_USER_UNAVAILABLE)
		return notAnswered()
	}
	code := livekit.SIPStatusCode(final.Res.StatusCode)
	reason := livekit.DisconnectReason_CLIENT_INITIATED
	if code == 486 || code >= 600 {
		reason = livekit.DisconnectReason_USER_REJECTED
	}
	c.leave(reason)
	sipStatus := &livekit.SIPStatus{Code: code, Status: final.Res.Reason}
	return psrpc.NewError(errorCode(sipStatus.GRPCStatus()), sipStatus, sipStatus)
}

// errorCode is psrpc's name of a gRPC code: the same words, in snake case.
func errorCode(of *status.Status) psrpc.ErrorCode {
	if of.Code() == codes.Unknown {
		return psrpc.Unknown
	}
	var name strings.Builder
	for i, letter := range of.Code().String() {
		if i > 0 && letter >= 'A' && letter <= 'Z' {
			name.WriteByte('_')
		}
		name.WriteRune(letter)
	}
	return psrpc.ErrorCode(strings.ToLower(name.String()))
}

// talk ends with whoever hangs up first: the person, the room, or the clock.
func (c *call) talk(over <-chan time.Time) {
	defer c.session.Close()
	select {
	case <-c.session.Context().Done():
	case <-c.gone.Done():
		c.bye()
	case <-over:
		c.bye()
	}
	c.room.LocalParticipant.SetAttributes(map[string]string{statusAttribute: "hangup"})
	c.leave(livekit.DisconnectReason_CLIENT_INITIATED)
}

func (c *call) bye() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := c.session.Bye(ctx); err != nil {
		log.Printf("BYE: %v", err)
	}
}

func (c *call) leave(reason livekit.DisconnectReason) {
	c.room.DisconnectWithReason(reason)
}

// offer is a session of G.711 that nobody sends to.
func offer() []byte {
	return []byte(strings.Join([]string{"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
		"m=audio 40000 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=sendrecv", ""}, "\r\n"))
}
