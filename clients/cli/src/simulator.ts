/** The simulator's ten numbers: on a trunk whose carrier is the simulator, each ends in its own way. */
const SIMULATED = /^\+1500555000[0-9]$/;

/** Nobody can be rung by this number: it belongs to no subscriber. */
export const isSimulated = (phoneNumber: string): boolean => SIMULATED.test(phoneNumber);
