async function waitForCall(callId, apiKey) {
  const url = `https://api.audatec.in/integration/v1/calls/${callId}/status`;
  while (true) {
    const res = await fetch(url, {
      headers: { Authorization: `Bearer ${apiKey}` }
    });
    const data = await res.json();
    if (data.is_terminal) return data;
    await new Promise(r => setTimeout(r, 4000)); // poll every 4s
  }
}
